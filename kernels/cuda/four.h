#pragma once
// Four numbers that are read or written at once: 16 bytes in single precision.

#include <cstdint>

#include "kernels/arithmetic.h"
#include "kernels/cuda/launch.h"

/// Before a loop whose numbers are to stay in registers.
#ifdef __CUDACC__
#define ITO_UNROLL _Pragma("unroll")
#else
#define ITO_UNROLL
#endif

namespace ito::kernels::cuda {

struct alignas(16) Four {
  Real v[4];
};

__device__ inline Four load_four(const Real* p) { return *reinterpret_cast<const Four*>(p); }
__device__ inline void store_four(Real* p, const Four& x) { *reinterpret_cast<Four*>(p) = x; }

/// Whether rows of `width` numbers from `p` on can be read four by four.
inline bool in_fours(Index width, const void* p) {
  return width % 4 == 0 && reinterpret_cast<std::uintptr_t>(p) % 16 == 0;
}

inline Index pieces_of(Index n, Index size) { return (n + size - 1) / size; }

}  // namespace ito::kernels::cuda
