#pragma once
// Philox for as many blocks at once as a register has 32-bit lanes. Compilers do not find the
// 32 by 32 to 64 bit products in the plain loop; the words are those of random_words (philox.h).

#include "kernels/cpu/simd.h"
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
// Masks of all lanes: GCC 12 warns of the intrinsics without, its bug 105593.
inline Lanes product(Lanes a, Lanes b) { return _mm512_maskz_mul_epu32(0xff, a, b); }
inline Lanes upper(Lanes a) { return _mm512_maskz_srli_epi64(0xff, a, 32); }
inline Lanes exclusive_or(Lanes a, Lanes b, Lanes c) {
  return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}
inline Lanes interleaved(Lanes even, Lanes odd) {
  return _mm512_mask_blend_epi32(0xaaaa, even, _mm512_maskz_slli_epi64(0xff, odd, 32));
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
inline Lanes product(Lanes a, Lanes b) { return _mm256_mul_epu32(a, b); }
inline Lanes upper(Lanes a) { return _mm256_srli_epi64(a, 32); }
inline Lanes exclusive_or(Lanes a, Lanes b, Lanes c) {
  return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
}
inline Lanes interleaved(Lanes even, Lanes odd) {
  return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
#endif

#if defined(__AVX2__)
/// The four words of half as many blocks, each in the lower half of a lane of 64 bits. The upper
/// halves hold what is left over: products read the lower ones alone.
struct HalfLanes {
  Lanes c0, c1, c2, c3;

  ITO_INLINE void round(Lanes key0, Lanes key1) {
    const Lanes p0 = product(c0, lanes_of(0xD2511F53u)), p1 = product(c2, lanes_of(0xCD9E8D57u));
    c0 = exclusive_or(upper(p1), c1, key0);
    c1 = p1;
    c2 = exclusive_or(upper(p0), c3, key1);
    c3 = p0;
  }
};
#endif

/// w[k][i] = word k of the block with counters image[i], block[i], for n blocks (a multiple of 16).
inline void random_words_of(const RandomKey& key, const std::uint32_t* image,
                            const std::uint32_t* block, int n, std::uint32_t* const (&w)[4]) {
#if defined(__AVX2__)
  Lanes key0[10], key1[10];
  for (std::uint32_t round = 0; round < 10; ++round) {
    key0[round] = lanes_of(static_cast<std::uint32_t>(key.seed) + round * 0x9E3779B9u);
    key1[round] = lanes_of(static_cast<std::uint32_t>(key.seed >> 32) + round * 0xBB67AE85u);
  }
  const Lanes c2 = lanes_of(key.step), c3 = lanes_of(key.purpose << 16 | key.sub);
  for (int i = 0; i < n; i += philox_lanes) {
    const Lanes c0 = load_lanes(block + i), c1 = load_lanes(image + i);
    HalfLanes even = {c0, c1, c2, c3}, odd = {upper(c0), upper(c1), c2, c3};
    for (int round = 0; round < 10; ++round) {
      even.round(key0[round], key1[round]);
      odd.round(key0[round], key1[round]);
    }
    store_lanes(w[0] + i, interleaved(even.c0, odd.c0));
    store_lanes(w[1] + i, interleaved(even.c1, odd.c1));
    store_lanes(w[2] + i, interleaved(even.c2, odd.c2));
    store_lanes(w[3] + i, interleaved(even.c3, odd.c3));
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
