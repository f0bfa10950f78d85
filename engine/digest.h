#pragma once
// A short name for bytes, to tell whether they are the same as before: FNV-1a with 64 bits (Fowler,
// Noll and Vo). No protection against people who look for collisions.

#include <cstdint>
#include <string>

namespace ito {

class Digest {
 public:
  void add(const void* data, std::size_t count);
  /// 16 hexadecimal digits.
  std::string text() const;

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

/// Of a file's bytes; throws Error naming the path when it cannot be read.
std::string file_digest(const std::string& path);

}  // namespace ito
