#pragma once
// Element types of safetensors files and their conversion.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/safetensors.h"

namespace ito {

/// How elements of one type are read.
struct StoredType {
  std::string_view name;
  std::size_t bytes;
  bool integer;
  void (*convert)(const std::uint8_t* from, std::size_t count, StoredTensor& to);
};

/// The type of that name, or null.
const StoredType* stored_type(std::string_view name);

/// "F64, F32, ..." for messages.
std::string stored_type_names();

/// Exact values of 16-bit floating-point numbers: IEEE half precision, and bfloat16 (the upper half
/// of a float).
float half_to_float(std::uint16_t bits);
float bfloat_to_float(std::uint16_t bits);

}  // namespace ito
