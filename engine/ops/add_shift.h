#pragma once
// What convolutions and matrix products add to their results without a pass of its own.

#include "engine/tensor.h"

namespace ito {

/// Adds shift ([C] or [N, C]) and, unless empty, residual (like y) to y [N, ..., C], which is fresh
/// from a kernel. Throws unless the shapes fit.
void add_shift(const char* where, Tensor& y, const Tensor& shift, const Tensor& residual);

/// The gradient of `shift`, of the given shape, for the cotangent g of y.
Tensor shift_grad(const Tensor& g, const Shape& shape);

}  // namespace ito
