#include "unwritten.h"

#include <cstring>

#include "sanitizer.h"

namespace cuda_emulation {
namespace {

constexpr std::uintptr_t address_bits = 0x1ffff;

std::uint32_t word_at(Unwritten kind, const void* address) {
  const std::uintptr_t words = reinterpret_cast<std::uintptr_t>(address) / 4;
  return static_cast<std::uint32_t>(kind) | static_cast<std::uint32_t>(words & address_bits);
}

char byte_at(Unwritten kind, const char* address) {
  const auto place = reinterpret_cast<std::uintptr_t>(address) % 4;
  return static_cast<char>(word_at(kind, address) >> 8 * place);
}

bool aligned(const char* address) { return reinterpret_cast<std::uintptr_t>(address) % 4 == 0; }

}  // namespace

ITO_UNCHECKED void fill_unwritten(Unwritten kind, char* begin, const char* end) {
  for (; begin < end && !aligned(begin); ++begin) *begin = byte_at(kind, begin);
  auto* word = reinterpret_cast<std::uint32_t*>(begin);
  const std::ptrdiff_t words = (end - begin) / 4;
  for (std::ptrdiff_t i = 0; i < words; ++i) word[i] = word_at(kind, word + i);
  for (begin += 4 * words; begin < end; ++begin) *begin = byte_at(kind, begin);
}

ITO_UNCHECKED const char* first_written(Unwritten kind, const char* begin, const char* end) {
  for (; begin < end && !aligned(begin); ++begin) {
    if (*begin != byte_at(kind, begin)) return begin;
  }
  const auto* word = reinterpret_cast<const std::uint32_t*>(begin);
  while (end - begin >= 4 && *word == word_at(kind, word)) ++word, begin += 4;
  for (; begin < end; ++begin) {
    if (*begin != byte_at(kind, begin)) return begin;
  }
  return nullptr;
}

bool is_unwritten(std::uint32_t word, const void* address) {
  return (word & 0x7fffffff) == word_at(Unwritten::device, address);
}

bool is_foreign(std::uint32_t word, const void* address) {
  const std::uint32_t kind = word & 0x7ffe0000;
  const bool any = kind == static_cast<std::uint32_t>(Unwritten::device) ||
                   kind == static_cast<std::uint32_t>(Unwritten::shared);
  return any && !is_unwritten(word, address);
}

}  // namespace cuda_emulation
