#pragma once
// Bytes taken one after another, never past the end.

#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "engine/file.h"

namespace ito {

class ByteReader {
 public:
  /// `source` names the file in messages and must outlive the reader.
  ByteReader(std::span<const std::uint8_t> bytes, const std::string& source)
      : bytes_(bytes), source_(source) {}

  std::size_t position() const { return position_; }
  std::size_t left() const { return bytes_.size() - position_; }

  /// The next `count` bytes. Throws Error when there are fewer.
  std::span<const std::uint8_t> take(std::uint64_t count) {
    if (count > left()) {
      fail("import", source_, ": is truncated: ", count, " bytes expected at ", position_,
           ", there are ", left());
    }
    const auto taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  std::string_view take_text(std::uint64_t count) {
    const auto bytes = take(count);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  /// A little-endian number.
  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  /// Up to a newline, which is taken too.
  std::string_view line() {
    const auto rest = bytes_.subspan(position_);
    std::size_t length = 0;
    while (length < rest.size() && rest[length] != '\n') ++length;
    const std::string_view text = take_text(length);
    take(1);
    return text;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  const std::string& source_;
  std::size_t position_ = 0;
};

}  // namespace ito
