#include "diffusion/data/png_text.h"

#include <zlib.h>

#include <algorithm>
#include <string_view>

namespace ito {
namespace {

using File = std::span<const std::uint8_t>;

void append_number(Bytes& to, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8)
    to.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint32_t number_at(File file, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | file[at + i];
  return number;
}

/// Of a chunk's type and data.
std::uint32_t checksum(File bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(::crc32(0, nullptr, 0), bytes.data(), static_cast<uInt>(bytes.size())));
}

void check_ascii(std::string_view text) {
  const bool fine =
      std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
  if (!fine) fail("png", "a text is to be of ASCII characters, got ", printable(text));
}

/// Length, type, data, checksum (PNG specification, section 5.3).
void append_chunk(Bytes& to, std::string_view type, std::string_view data) {
  append_number(to, static_cast<std::uint32_t>(data.size()));
  const auto begin = static_cast<std::ptrdiff_t>(to.size());
  to.insert(to.end(), type.begin(), type.end());
  to.insert(to.end(), data.begin(), data.end());
  append_number(to, checksum({to.begin() + begin, to.end()}));
}

}  // namespace

Bytes text_chunks(const PngText& text) {
  Bytes chunks;
  for (const auto& [keyword, value] : text) {
    check_ascii(keyword);
    check_ascii(value);
    if (keyword.empty() || keyword.size() > 79)
      fail("png", "expected a keyword of 1 to 79 characters, got ", printable(keyword));
    append_chunk(chunks, "tEXt", keyword + '\0' + value);
  }
  return chunks;
}

PngText read_png_text(File file, const std::string& source) {
  if (!is_png(file)) fail("png", source, ": is no PNG");
  PngText text;
  for (std::size_t at = 8; at < file.size();) {
    const std::size_t left = file.size() - at;
    const std::size_t length = left < 12 ? 0 : number_at(file, at);
    if (left < 12 || length > left - 12) fail("png", source, ": truncated");
    const File body = file.subspan(at + 4, 4 + length);
    at += 12 + length;
    const std::string_view type(reinterpret_cast<const char*>(body.data()), 4);
    if (type == "IEND") break;
    if (type != "tEXt") continue;
    if (checksum(body) != number_at(file, at - 4)) fail("png", source, ": its text is damaged");
    const std::string_view data(reinterpret_cast<const char*>(body.data()) + 4, length);
    const std::size_t zero = std::min(data.find('\0'), data.size());
    text[std::string(data.substr(0, zero))] = data.substr(std::min(zero + 1, data.size()));
  }
  return text;
}

}  // namespace ito
