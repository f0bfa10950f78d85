#pragma once
// Pooling and interpolation of images [N, H, W, C].

#include "engine/tensor.h"

namespace ito::nn {

/// The largest value, or the mean, of the size x size window around every pixel (size odd). Windows
/// end at the border for the maximum; the mean counts zeros beyond it.
Tensor max_pool(const Tensor& x, Index size);
Tensor mean_pool(const Tensor& x, Index size);

/// Bilinear interpolation to H x W pixels that maps corners onto corners.
Tensor bilinear(const Tensor& x, Index H, Index W);

}  // namespace ito::nn
