#include "engine/digest.h"

#include <iomanip>

#include "engine/file.h"

namespace ito {

void Digest::add(const void* data, std::size_t count) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < count; ++i) hash_ = (hash_ ^ bytes[i]) * 0x100000001b3u;
}

std::string Digest::text() const {
  return ito::text(std::hex, std::setw(16), std::setfill('0'), hash_);
}

std::string file_digest(const std::string& path) {
  const Bytes bytes = read_file(path);
  Digest digest;
  digest.add(bytes.data(), bytes.size());
  return digest.text();
}

}  // namespace ito
