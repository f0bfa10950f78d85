#pragma once
// Philox for as many blocks at once as a register has 32-bit lanes. Compilers do not find the
// 32 by 32 to 64 bit products in the plain loop; the words are those of random_words (philox.h).

#include "kernels/philox.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace ito::kernels {
namespace {

#if defined(__AVX512F__)
constexpr int philox_lanes = 16;
using Lanes = __m512i;
inline Lanes lanes_of(std::uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); }
inline Lanes load_lanes(const std::uint32_t* p) { return _mm512_loadu_si512(p); }
inline void store_lanes(std::uint32_t* p, Lanes x) { _mm512_storeu_si512(p, x); }
inline Lanes exclusive_or(Lanes a, Lanes b, Lanes c) {
  return _mm512_xor_si512(_mm512_xor_si512(a, b), c);
}
/// Upper and lower halves of the products of all lanes: those of even lanes and those of odd ones
/// are computed apart. (Masks of all lanes: GCC 12 warns of the intrinsics without, its bug
/// 105593.)
inline void multiply_lanes(Lanes a, Lanes b, Lanes& high, Lanes& low) {
  const Lanes even = _mm512_maskz_mul_epu32(0xff, a, b);
  const Lanes odd = _mm512_maskz_mul_epu32(0xff, _mm512_maskz_srli_epi64(0xff, a, 32), b);
  high = _mm512_mask_blend_epi32(0xaaaa, _mm512_maskz_srli_epi64(0xff, even, 32), odd);
  low = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_maskz_slli_epi64(0xff, odd, 32));
}
#elif defined(__AVX2__)
constexpr int philox_lanes = 8;
using Lanes = __m256i;
inline Lanes lanes_of(std::uint32_t x) { return _mm256_set1_epi32(static_cast<int>(x)); }
inline Lanes load_lanes(const std::uint32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store_lanes(std::uint32_t* p, Lanes x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x);
}
inline Lanes exclusive_or(Lanes a, Lanes b, Lanes c) {
  return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
}
inline void multiply_lanes(Lanes a, Lanes b, Lanes& high, Lanes& low) {
  const Lanes even = _mm256_mul_epu32(a, b);
  const Lanes odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), b);
  high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
#endif

/// w[k][i] = word k of the block with counters image[i], block[i], for n blocks (a multiple of 16).
inline void random_words_of(const RandomKey& key, const std::uint32_t* image,
                            const std::uint32_t* block, int n, std::uint32_t* const (&w)[4]) {
#if defined(__AVX2__)
  const Lanes factor0 = lanes_of(0xD2511F53u), factor1 = lanes_of(0xCD9E8D57u);
  for (int i = 0; i < n; i += philox_lanes) {
    Lanes c0 = load_lanes(block + i), c1 = load_lanes(image + i), c2 = lanes_of(key.step);
    Lanes c3 = lanes_of(key.purpose << 16 | key.sub);
    auto key0 = static_cast<std::uint32_t>(key.seed);
    auto key1 = static_cast<std::uint32_t>(key.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      Lanes high0, low0, high1, low1;
      multiply_lanes(c0, factor0, high0, low0);
      multiply_lanes(c2, factor1, high1, low1);
      c0 = exclusive_or(high1, c1, lanes_of(key0));
      c1 = low1;
      c2 = exclusive_or(high0, c3, lanes_of(key1));
      c3 = low0;
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    store_lanes(w[0] + i, c0);
    store_lanes(w[1] + i, c1);
    store_lanes(w[2] + i, c2);
    store_lanes(w[3] + i, c3);
  }
#else
  for (int i = 0; i < n; ++i) {
    const Words words = random_words(key, image[i], block[i]);
    for (int k = 0; k < 4; ++k) w[k][i] = words.w[k];
  }
#endif
}

}  // namespace
}  // namespace ito::kernels
