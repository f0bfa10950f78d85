#pragma once
// Files of the data formats, made byte by byte.

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/file.h"

namespace ito::test {

inline Bytes gzip_of(const Bytes& bytes) {
  Bytes out(bytes.size() + 1024);
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// IDX of bytes with these sizes; elements count up from 0.
inline Bytes idx_of(const std::vector<std::uint32_t>& sizes) {
  Bytes bytes = {0, 0, 8, static_cast<std::uint8_t>(sizes.size())};
  std::size_t elements = 1;
  for (const std::uint32_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::uint8_t>(size >> shift));
    }
    elements *= size;
  }
  for (std::size_t i = 0; i < elements; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

/// CIFAR-10 records: image i has label i % 10; its planes hold i, i + 1 and i + 2, the first pixel
/// of the second row 77.
inline Bytes cifar_of(int images) {
  Bytes bytes;
  for (int i = 0; i < images; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i % 10));
    for (int c = 0; c < 3; ++c) {
      Bytes plane(1024, static_cast<std::uint8_t>(i + c));
      plane[32] = 77;
      bytes.insert(bytes.end(), plane.begin(), plane.end());
    }
  }
  return bytes;
}

/// .npy version 1 with this header text and data.
inline Bytes npy_of(const std::string& header, const Bytes& data, std::uint8_t version = 1) {
  Bytes bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', version, 0};
  const std::size_t width = version == 1 ? 2 : 4;
  for (std::size_t i = 0; i < width; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(header.size() >> (8 * i)));
  }
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

}  // namespace ito::test
