#pragma once
// Many tensors in one launch: each block finds the tensor that it works on in a table.

#include "kernels/cuda/launch.h"

namespace ito::kernels::cuda {

/// The part that a block belongs to: the last whose `first_block` is not behind it.
template <class Part>
__device__ inline Part part_of(const Part* parts, Index count, Index block) {
  Index low = 0, behind = count;
  while (behind - low > 1) {
    const Index middle = (low + behind) / 2;
    (parts[middle].first_block <= block ? low : behind) = middle;
  }
  return parts[low];
}

}  // namespace ito::kernels::cuda
