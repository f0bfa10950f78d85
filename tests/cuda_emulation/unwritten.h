#pragma once
// What memory holds before anybody writes it: in every word a quiet NaN whose payload is the word's
// own address (modulo 512 KiB), read as float or as double. Arithmetic keeps the payload, so a NaN
// found elsewhere tells that it was computed from memory never written.

#include <cstddef>
#include <cstdint>

namespace cuda_emulation {

/// Of which memory.
enum class Unwritten : std::uint32_t { device = 0x7ffc0000, shared = 0x7ffa0000 };

/// Makes [begin, end) memory never written.
void fill_unwritten(Unwritten kind, char* begin, const char* end);

/// The first byte of [begin, end) that has been written since, or null.
const char* first_written(Unwritten kind, const char* begin, const char* end);

/// Whether a word is the NaN that belongs to its address, or one that belongs to another: then it
/// is a result of arithmetic with memory never written. Either sign.
bool is_unwritten(std::uint32_t word, const void* address);
bool is_foreign(std::uint32_t word, const void* address);

}  // namespace cuda_emulation
