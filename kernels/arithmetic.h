#pragma once
// What the elementary functions are made of: bit patterns and multiply-add.
//
// All functions have internal linkage: the files that include this are compiled once per SIMD level
// and the linker must not merge the copies.

// The C functions: <cmath> would add inline overloads with weak linkage.
#include <math.h>  // NOLINT(modernize-deprecated-headers)

#include <cstdint>

#ifdef __CUDACC__
#define ITO_FN static __host__ __device__ inline
#else
#define ITO_FN static inline
#endif

namespace ito::kernels {

/// The same 32 or 64 bits read as another type.
template <class To, class From>
ITO_FN To bits_as(From x) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, x);
}

/// a b + c, rounded once where the target has a fused multiply-add (all but the x86 baseline).
ITO_FN float fma_(float a, float b, float c) {
#if defined(__FMA__) || defined(__CUDACC__) || defined(__ARM_FEATURE_FMA)
  return fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

ITO_FN double fma_(double a, double b, double c) {
#if defined(__FMA__) || defined(__CUDACC__) || defined(__ARM_FEATURE_FMA)
  return fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// a b + c: fused as fma_, or with both operations rounded on every target.
template <bool fused>
ITO_FN float mul_add(float a, float b, float c) {
  return fused ? fma_(a, b, c) : a * b + c;
}

constexpr bool fused = true;
constexpr bool exact = false;  ///< each operation rounded: the same bits on every target

/// Nearest integer of |x| < 2^22 (2^51), and its low 32 bits: the sum with 1.5 * 2^23 (2^52) has
/// the integer in the low bits of its significand. No conversion, so NaN and infinity are harmless.
ITO_FN float round_shift(float x) { return x + 12582912.0f; }
ITO_FN float unshift(float shifted) { return shifted - 12582912.0f; }
ITO_FN std::uint32_t shifted_integer(float shifted) {
  return bits_as<std::uint32_t>(shifted) - bits_as<std::uint32_t>(12582912.0f);
}
ITO_FN double round_shift(double x) { return x + 6755399441055744.0; }
ITO_FN double unshift(double shifted) { return shifted - 6755399441055744.0; }
ITO_FN std::uint32_t shifted_integer(double shifted) {
  return static_cast<std::uint32_t>(bits_as<std::uint64_t>(shifted));
}

}  // namespace ito::kernels
