#pragma once
// What convolutions and matrix products add to their results without a pass of its own.

#include "engine/tensor.h"
#include "kernels/types.h"

namespace ito {

/// (y + shift + residual) scale for y [N, ..., C]: shift is [C] or [N, C], residual like y or
/// empty. Throws unless the shapes fit.
kernels::Addend addend(const char* where, const Tensor& y, const Tensor& shift,
                       const Tensor& residual, double scale);

/// The gradient of `shift`, of the given shape, for the cotangent g of y.
Tensor shift_grad(const Tensor& g, const Shape& shape);

}  // namespace ito
