#pragma once
// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): four random
// words as a function of a counter and a key, and how words become uniform and normal numbers.
// Floating point here uses operations that IEEE 754 rounds exactly and no fused multiply-add, so
// that every back end and SIMD level makes the same bits.

#include "kernels/math_float.h"
#include "kernels/types.h"

namespace ito::kernels {

struct Words {
  std::uint32_t w[4];
};

/// The generator itself: ten rounds.
ITO_FN Words philox(Words counter, std::uint32_t key0, std::uint32_t key1) {
  std::uint32_t c0 = counter.w[0], c1 = counter.w[1], c2 = counter.w[2], c3 = counter.w[3];
#ifdef __CUDACC__
#pragma unroll
#else
#pragma GCC unroll 10
#endif
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ key0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ key1;
    c3 = static_cast<std::uint32_t>(p0);
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/// Words of elements 4 block ... 4 block + 3 of an image.
ITO_FN Words random_words(const RandomKey& key, std::uint32_t image, std::uint32_t block) {
  return philox({{block, image, key.step, key.purpose << 16 | key.sub}},
                static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32));
}

/// (k + 1/2) 2^-23 with the 23 high bits k: inside (0, 1), symmetric about 1/2, exact in a float.
ITO_FN float uniform_of(std::uint32_t word) {
  return (static_cast<float>(word >> 9) + 0.5f) * 1.1920929e-07f;
}

/// -1 or +1 by the highest bit.
ITO_FN float rademacher_of(std::uint32_t word) { return (word >> 31) != 0 ? 1.0f : -1.0f; }

struct NormalPair {
  float first, second;
};

/// Two independent normal numbers (Box and Muller, 1958): radius sqrt(-2 log u) with
/// u = word 2^-32 + 2^-33, which is never 0 and reaches 6.76 standard deviations, and an angle of
/// which the two high bits, rounded, are the quadrant.
ITO_FN NormalPair normals_of(std::uint32_t radius_word, std::uint32_t angle_word) {
  const float u = static_cast<float>(radius_word) * 2.3283064e-10f + 1.1641532e-10f;
  const float radius = sqrtf(-2.0f * log_normal<exact>(u, 0.0f));
  const std::uint32_t quadrant = (angle_word + 0x20000000u) >> 30;
  const auto rest = static_cast<std::int32_t>(angle_word - (quadrant << 30));
  const float angle = static_cast<float>(rest) * 1.4629181e-09f;  // 2 pi / 2^32
  return {radius * sin_quadrant<exact>(quadrant + 1u, angle),
          radius * sin_quadrant<exact>(quadrant, angle)};
}

}  // namespace ito::kernels
