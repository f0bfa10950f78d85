#pragma once
// Vec: as many Reals as a vector register of this SIMD level holds. Only what the matrix product's
// micro-kernels need; everything else is plain loops that the compiler vectorises.

#include <cstring>
#include <utility>

#include "kernels/types.h"

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define ITO_INLINE inline __attribute__((always_inline))

/// Before a loop whose passes do not meet in memory: GCC vectorises it without asking. Clang is not
/// told, as it warns where it does not do what it was told.
#if defined(__clang__)
#define ITO_INDEPENDENT
#else
#define ITO_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace ito::kernels {
namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

using Vec = Real __attribute__((vector_size(vector_bytes)));
constexpr Index lanes = vector_bytes / static_cast<int>(sizeof(Real));
[[maybe_unused]] constexpr Index whole_vectors(Index n) { return (n + lanes - 1) / lanes * lanes; }

ITO_INLINE Vec load(const Real* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

ITO_INLINE void store(Real* p, Vec v) { std::memcpy(p, &v, sizeof v); }

/// Rows of a matrix to ask for ahead of their use: they lie pages apart, where the processor does
/// not guess them.
[[maybe_unused]] constexpr Index prefetch_rows = 12;
ITO_INLINE void prefetch_row(const Real* row) {
  __builtin_prefetch(row);
  __builtin_prefetch(row + 64 / static_cast<Index>(sizeof(Real)));
}

/// multiply_add: a * b + c, rounded once where the level has it fused (v3, v4, aarch64).
#if defined(__AVX512F__) && defined(ITO_DOUBLE)
ITO_INLINE Vec broadcast(Real x) { return _mm512_set1_pd(x); }
ITO_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return _mm512_fmadd_pd(a, b, c); }
#elif defined(__AVX512F__)
ITO_INLINE Vec broadcast(Real x) { return _mm512_set1_ps(x); }
ITO_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
#elif defined(__AVX2__) && defined(ITO_DOUBLE)
ITO_INLINE Vec broadcast(Real x) { return _mm256_set1_pd(x); }
ITO_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return _mm256_fmadd_pd(a, b, c); }
#elif defined(__AVX2__)
ITO_INLINE Vec broadcast(Real x) { return _mm256_set1_ps(x); }
ITO_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
#else
ITO_INLINE Vec broadcast(Real x) {
  Vec v;
  for (Index i = 0; i < lanes; ++i) v[i] = x;
  return v;
}
#if defined(__ARM_NEON) && defined(ITO_DOUBLE)
ITO_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return vfmaq_f64(c, a, b); }
#elif defined(__ARM_NEON)
ITO_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
#else
ITO_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return a * b + c; }
#endif
#endif

/// a[First], b[First], a[First + 1], b[First + 1], ...
template <int First, int... I>
ITO_INLINE Vec interleave(Vec a, Vec b, std::integer_sequence<int, I...> /*of a Vec*/) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(a, b, (First + I / 2 + (I % 2 == 0 ? 0 : n))...);
}

/// Transposes lanes x lanes Reals by log2(lanes) perfect shuffles of the rows.
ITO_INLINE void transpose(Vec (&rows)[lanes]) {
  constexpr int half = static_cast<int>(lanes) / 2;
  constexpr auto all = std::make_integer_sequence<int, 2 * half>();
  for (int round = 1; round < lanes; round *= 2) {
    Vec shuffled[lanes];
    for (int i = 0; i < half; ++i) {
      shuffled[2 * i] = interleave<0>(rows[i], rows[i + half], all);
      shuffled[2 * i + 1] = interleave<half>(rows[i], rows[i + half], all);
    }
    for (int i = 0; i < lanes; ++i) rows[i] = shuffled[i];
  }
}

}  // namespace
}  // namespace ito::kernels
