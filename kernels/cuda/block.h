#pragma once
// Reductions within a warp and a block, in one fixed order: lanes by exchange, then the warps'
// results from shared memory. Every thread of the block takes part.

#include "kernels/cuda/launch.h"

namespace ito::kernels::cuda {

struct Add {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

/// The larger; a NaN on either side stays.
struct Larger {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};

/// join over the lanes of a warp; every lane has the result.
template <class T, class Join>
__device__ inline T warp_reduce(T value, Join join) {
  for (int distance = warp_threads / 2; distance > 0; distance /= 2) {
    value = join(value, __shfl_xor_sync(0xffffffffu, value, distance));
  }
  return value;
}

/// join over a block of `threads`, whatever its shape; every thread has the result. `partial` is
/// shared memory for threads/32 values that no thread uses meanwhile; it may be used again after
/// the call.
template <int threads, class T, class Join>
__device__ inline T block_reduce(T value, T* partial, Join join) {
  constexpr int warps = threads / warp_threads;
  static_assert(threads % warp_threads == 0 && warps >= 1);
  value = warp_reduce(value, join);
  const int thread = static_cast<int>(threadIdx.x + blockDim.x * threadIdx.y);
  if (thread % warp_threads == 0) partial[thread / warp_threads] = value;
  __syncthreads();
  T all = partial[0];
  for (int warp = 1; warp < warps; ++warp) all = join(all, partial[warp]);
  __syncthreads();
  return all;
}

}  // namespace ito::kernels::cuda
