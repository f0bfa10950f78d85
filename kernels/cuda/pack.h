#pragma once
// Elementwise work: a functor that does `width` neighbouring elements at a time, 16 bytes of each
// operand where all of them are aligned and single elements at the end or otherwise.

#include <cstdint>

#include "kernels/cuda/launch.h"

namespace ito::kernels::cuda {

constexpr int pack_size = 16 / sizeof(Real);

template <int width>
struct alignas(width * sizeof(Real)) Pack {
  Real v[width];
};

template <int width>
__device__ inline Pack<width> load(const Real* from) {
  return *reinterpret_cast<const Pack<width>*>(from);
}

template <int width>
__device__ inline void store(Real* to, const Pack<width>& pack) {
  *reinterpret_cast<Pack<width>*>(to) = pack;
}

/// Whether all these start at a multiple of 16 bytes (null does).
template <class... Pointers>
bool aligned(Pointers... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
}

/// f.at<width>(i) does elements i ... i + width - 1 of n.
template <int threads, class F>
__global__ void each_kernel(F f, Index n, Index packs) {
  const Index thread = Index{blockIdx.x} * threads + threadIdx.x;
  const Index all = Index{gridDim.x} * threads;
  for (Index i = thread; i < packs; i += all) f.template at<pack_size>(i * pack_size);
  for (Index i = packs * pack_size + thread; i < n; i += all) f.template at<1>(i);
}

/// Does elements 0 ... n - 1, 16 bytes at a time if `in_packs`.
template <class F>
void for_each(const char* name, const F& f, Index n, bool in_packs) {
  constexpr Index most_blocks = 1 << 16;  // more would only start and end; these loop
  const Index packs = in_packs ? n / pack_size : 0;
  const Index work = packs > 0 ? packs : n;
  launch(name, each_kernel<block_threads, F>, blocks_of(work, block_threads, most_blocks),
         block_threads, 0, f, n, packs);
}

}  // namespace ito::kernels::cuda
