#include "diffusion/data/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace ito {
namespace {

/// zlib's state, closed at the end of the scope.
class Inflater {
 public:
  explicit Inflater(const std::string& source) : source_(source) {
    constexpr int gzip_only = 16;
    if (inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK) bad("zlib could not start");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Unpacks one member; returns how many bytes of `in` it took.
  std::size_t member(std::span<const std::uint8_t> in, Bytes& out, std::size_t max_bytes) {
    inflateReset(&stream_);
    std::size_t offered = 0;
    stream_.avail_in = 0;
    for (int status = Z_OK; status != Z_STREAM_END;) {
      if (stream_.avail_in == 0) offered += offer(in.subspan(offered));
      status = step(out, max_bytes);
      const bool starved = status == Z_BUF_ERROR && stream_.avail_in == 0 && offered == in.size();
      if (starved) bad("the compressed data is truncated");
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        bad("the compressed data is damaged (", stream_.msg ? stream_.msg : "zlib error", ")");
      }
    }
    return offered - stream_.avail_in;
  }

 private:
  template <class... Parts>
  [[noreturn]] void bad(const Parts&... parts) const {
    fail("gzip", source_, ": ", parts...);
  }

  std::size_t offer(std::span<const std::uint8_t> in) {
    const std::size_t count = std::min(in.size(), std::size_t{1} << 30);  // avail_in has 32 bits
    stream_.next_in = const_cast<Bytef*>(in.data());
    stream_.avail_in = static_cast<uInt>(count);
    return count;
  }

  int step(Bytes& out, std::size_t max_bytes) {
    std::uint8_t chunk[1 << 16];
    stream_.next_out = chunk;
    stream_.avail_out = sizeof chunk;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t got = sizeof chunk - stream_.avail_out;
    if (got > max_bytes - out.size())
      bad("unpacks to more than the limit of ", max_bytes, " bytes");
    out.insert(out.end(), chunk, chunk + got);
    return status;
  }

  const std::string& source_;
  z_stream stream_{};
};

}  // namespace

bool is_gzip(std::span<const std::uint8_t> file) {
  return file.size() >= 2 && file[0] == 0x1f && file[1] == 0x8b;
}

Bytes unzip(std::span<const std::uint8_t> file, const std::string& source, std::size_t max_bytes) {
  if (!is_gzip(file)) fail("gzip", source, ": is not a gzip file");
  Inflater inflater(source);
  Bytes out;
  // Members may follow one another; what is behind the last one is ignored, as gzip does.
  while (is_gzip(file)) file = file.subspan(inflater.member(file, out, max_bytes));
  return out;
}

Bytes read_unzipped(const std::string& path) {
  Bytes bytes = read_file(path);
  return is_gzip(bytes) ? unzip(bytes, path) : bytes;
}

}  // namespace ito
