#include "engine/safetensors_dtype.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace ito {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are stored little-endian");

template <class T>
T load(const std::uint8_t* from, std::size_t i) {
  T value;
  std::memcpy(&value, from + i * sizeof(T), sizeof(T));
  return value;
}

template <class T>
void convert_floats(const std::uint8_t* from, std::size_t count, StoredTensor& to) {
  to.values.resize(count);
  for (std::size_t i = 0; i < count; ++i) to.values[i] = static_cast<Real>(load<T>(from, i));
}

template <float (*decode)(std::uint16_t)>
void convert_16_bit(const std::uint8_t* from, std::size_t count, StoredTensor& to) {
  to.values.resize(count);
  for (std::size_t i = 0; i < count; ++i) to.values[i] = decode(load<std::uint16_t>(from, i));
}

template <class T>
void convert_integers(const std::uint8_t* from, std::size_t count, StoredTensor& to) {
  to.values.resize(count);
  to.integers.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    to.integers[i] = load<T>(from, i);  // NOLINT(bugprone-signed-char-misuse): I8 keeps its sign
    to.values[i] = static_cast<Real>(to.integers[i]);
  }
}

constexpr StoredType types[] = {
    {"F64", 8, false, convert_floats<double>},
    {"F32", 4, false, convert_floats<float>},
    {"F16", 2, false, convert_16_bit<half_to_float>},
    {"BF16", 2, false, convert_16_bit<bfloat_to_float>},
    {"I64", 8, true, convert_integers<std::int64_t>},
    {"I32", 4, true, convert_integers<std::int32_t>},
    {"I16", 2, true, convert_integers<std::int16_t>},
    {"I8", 1, true, convert_integers<std::int8_t>},
    {"U8", 1, true, convert_integers<std::uint8_t>},
    {"BOOL", 1, true, convert_integers<std::uint8_t>},
};

}  // namespace

float half_to_float(std::uint16_t bits) {
  const bool negative = (bits & 0x8000u) != 0;
  const int exponent = (bits >> 10) & 0x1f;
  const int fraction = bits & 0x3ff;
  float size = 0;
  if (exponent == 0) {
    size = std::ldexp(static_cast<float>(fraction), -24);  // zero and subnormal numbers
  } else if (exponent < 31) {
    size = std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  } else {
    using Limits = std::numeric_limits<float>;
    size = fraction == 0 ? Limits::infinity() : Limits::quiet_NaN();
  }
  return negative ? -size : size;
}

float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

const StoredType* stored_type(std::string_view name) {
  for (const StoredType& type : types) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::string stored_type_names() {
  std::string names;
  for (const StoredType& type : types) {
    if (!names.empty()) names += ", ";
    names += type.name;
  }
  return names;
}

}  // namespace ito
