// Random tensors: a thread makes a block of four numbers. Compiled without contraction into fused
// multiply-adds, so that the numbers equal the CPU's to the bit.

#include "kernels/cuda/pack.h"
#include "kernels/cuda/rows.h"
#include "kernels/dropout.h"
#include "kernels/philox.h"

namespace ito::kernels::cuda {
namespace {

struct Four {
  float y[4];
};

template <Distribution d>
__device__ Four numbers_of(const Words& words) {
  const std::uint32_t* const w = words.w;
  if constexpr (d == Distribution::normal) {
    const NormalPair low = normals_of(w[0], w[1]), high = normals_of(w[2], w[3]);
    return {{low.first, low.second, high.first, high.second}};
  } else if constexpr (d == Distribution::uniform) {
    return {{uniform_of(w[0]), uniform_of(w[1]), uniform_of(w[2]), uniform_of(w[3])}};
  } else {
    return {{rademacher_of(w[0]), rademacher_of(w[1]), rademacher_of(w[2]), rademacher_of(w[3])}};
  }
}

/// The numbers themselves.
struct Keep {
  Real* y;
  template <int width>
  __device__ void at(Index i, const float* numbers) const {
    Pack<width> to;
    for (int k = 0; k < width; ++k) to.v[k] = static_cast<Real>(numbers[k]);
    store<width>(y + i, to);
  }
};

struct Drop {
  const Real* x;
  Real* y;
  Real bound, scale;
  template <int width>
  __device__ void at(Index i, const float* numbers) const {
    Pack<width> to = load<width>(x + i);
    for (int k = 0; k < width; ++k) {
      to.v[k] = static_cast<Real>(numbers[k]) < bound ? Real(0) : kept_by_dropout(to.v[k], scale);
    }
    store<width>(y + i, to);
  }
};

struct DropGradient {
  const Real *y, *dy;
  Real* dx;
  Real scale;
  template <int width>
  __device__ void at(Index i) const {
    const Pack<width> result = load<width>(y + i);
    Pack<width> to = load<width>(dy + i);
    for (int k = 0; k < width; ++k) {
      to.v[k] = was_dropped(result.v[k]) ? Real(0) : to.v[k] * scale;
    }
    store<width>(dx + i, to);
  }
};

/// put.at<width>(i, numbers of elements i ... i + width - 1) for [images, elements].
template <int threads, Distribution d, class Put>
__global__ void random_kernel(RandomKey key, Index first_image, Index images, Index elements,
                              Put put, bool in_packs) {
  const Index blocks = (elements + 3) / 4;  // of four numbers, in an image
  const Index i = Index{blockIdx.x} * threads + threadIdx.x;
  if (i >= images * blocks) return;
  const Index image = i / blocks, block = i - image * blocks;
  const Words words = random_words(key, static_cast<std::uint32_t>(first_image + image),
                                   static_cast<std::uint32_t>(block));
  const Four numbers = numbers_of<d>(words);
  const Index first = image * elements + 4 * block, rest = elements - 4 * block;
  if (in_packs) {
    for (int k = 0; k < 4; k += pack_size) put.template at<pack_size>(first + k, numbers.y + k);
  } else {
    for (int k = 0; k < 4; ++k) {
      if (k < rest) put.template at<1>(first + k, numbers.y + k);
    }
  }
}

template <Distribution d, class Put>
void generate(const char* name, const RandomKey& key, Index first_image, Index images,
              Index elements, const Put& put, bool whole) {
  const Index work = images * ((elements + 3) / 4);
  launch(name, random_kernel<block_threads, d, Put>, blocks_of(work, block_threads), block_threads,
         0, key, first_image, images, elements, put, whole && elements % 4 == 0);
}

}  // namespace

void random(Distribution d, RandomKey key, Index first_image, Index images, Index elements,
            Real* y) {
  const Keep put = {y};
  const bool whole = aligned(y);
  switch (d) {
    case Distribution::uniform:
      return generate<Distribution::uniform>("random uniform", key, first_image, images, elements,
                                             put, whole);
    case Distribution::normal:
      return generate<Distribution::normal>("random normal", key, first_image, images, elements,
                                            put, whole);
    case Distribution::rademacher:
      return generate<Distribution::rademacher>("random rademacher", key, first_image, images,
                                                elements, put, whole);
  }
}

void dropout(RandomKey key, Index first_image, Index images, Index elements, double p,
             const Real* x, Real* y) {
  const Drop put = {x, y, static_cast<Real>(p), dropout_scale(p)};
  generate<Distribution::uniform>("dropout", key, first_image, images, elements, put,
                                  aligned(x, y));
}

void dropout_grad(double p, const Real* y, const Real* dy, Real* dx, Index n) {
  for_each("dropout_grad", DropGradient{y, dy, dx, dropout_scale(p)}, n, aligned(y, dy, dx));
}

}  // namespace ito::kernels::cuda
