#include "diffusion/import/zip.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "diffusion/import/zip_directory.h"

namespace ito {
namespace {

constexpr std::uint16_t stored = 0, deflated = 8;
constexpr std::uint16_t encrypted = 1;            // a flag
constexpr std::uint64_t most_ratio = 1032;        // of deflate
constexpr std::uint64_t most_unpacked = 1 << 30;  // of a deflated entry; zlib counts in 32 bits

std::uint32_t checksum_of(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

/// Unpacks into exactly `out`; false when the data is damaged or of another size.
bool inflate_into(std::span<const std::uint8_t> in, Bytes& out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  stream.next_in = const_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return status == Z_STREAM_END && stream.avail_out == 0;
}

}  // namespace

bool is_zip(std::span<const std::uint8_t> file) {
  return file.size() >= 4 && file[0] == 'P' && file[1] == 'K' && file[2] == 3 && file[3] == 4;
}

ZipArchive::ZipArchive(std::span<const std::uint8_t> file, std::string source)
    : file_(file), source_(std::move(source)) {
  read_directory();
}

void ZipArchive::read_directory() {
  const ZipDirectory directory = find_zip_directory(file_, source_);
  ByteReader in(file_.subspan(directory.begin, directory.bytes), source_);
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    auto [name, entry] = next_zip_entry(in, source_);
    entry.begin = zip_data_begin(file_, name, entry, source_);
    if (!entries_.emplace(name, entry).second) {
      fail("zip", source_, ": has two entries named ", printable(name));
    }
  }
  if (in.left() > 0) fail("zip", source_, ": its directory is longer than its entries");
  check_overlap(directory.begin);
}

void ZipArchive::check_overlap(std::uint64_t directory) const {
  std::vector<std::pair<const Entry*, const std::string*>> order;
  for (const auto& [name, entry] : entries_) order.emplace_back(&entry, &name);
  std::ranges::sort(order, {}, [](const auto& item) { return item.first->header; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& [entry, name] = order[i];
    const std::uint64_t next = i + 1 < order.size() ? order[i + 1].first->header : directory;
    if (entry->begin + entry->packed > next) {
      fail("zip", source_, ": ", printable(*name), " overlaps what follows it");
    }
  }
}

std::span<const std::uint8_t> ZipArchive::read(const std::string& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) fail("zip", source_, ": has no entry ", printable(name));
  const auto contents = unpack(name, found->second);
  if (checksum_of(contents) != found->second.checksum) {
    fail("zip", source_, ": the checksum of ", printable(name), " is wrong; the file is damaged");
  }
  return contents;
}

std::span<const std::uint8_t> ZipArchive::unpack(const std::string& name, const Entry& entry) {
  const auto bad = [&](const auto&... what) {
    fail("zip", source_, ": ", printable(name), what...);
  };
  const auto packed = file_.subspan(entry.begin, entry.packed);
  if ((entry.flags & encrypted) != 0) bad(" is encrypted");
  if (entry.method == stored) {
    if (entry.packed != entry.unpacked) bad(" is of another size than the directory says");
    return packed;
  }
  if (entry.method != deflated) bad(" is compressed by method ", entry.method, ", not known here");
  if (entry.unpacked > most_unpacked || entry.unpacked > most_ratio * entry.packed + 64) {
    bad(" claims to unpack to ", entry.unpacked, " bytes");
  }
  Bytes& out = unpacked_.emplace_back(entry.unpacked);
  if (!inflate_into(packed, out)) bad(": the compressed data is damaged");
  return out;
}

}  // namespace ito
