#pragma once
// Broadcasting: NumPy's rule, and its loop nest. Used by engine/ops.

#include "engine/tensor.h"
#include "kernels/types.h"

namespace ito {

/// The common shape of a and b, aligned at the last axis; sizes must agree or be 1.
Shape broadcast_shape(const char* where, const Shape& a, const Shape& b);

/// Loops over `sizes` with an element stride per axis for each operand.
kernels::Strided loop_nest(const Shape& sizes, const std::vector<Index>& a,
                           const std::vector<Index>& b, const std::vector<Index>& y);

/// Loops over `shape`, reading a and b (each broadcast to it), writing a dense y.
kernels::Strided broadcast_loops(const Shape& shape, const Shape& a, const Shape& b);

/// Row-major element strides of a dense tensor.
std::vector<Index> dense_strides(const Shape& shape);

}  // namespace ito
