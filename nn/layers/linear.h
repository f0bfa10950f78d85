#pragma once
// Linear: a matrix product and a bias along the last axis.

#include "nn/module.h"

namespace ito::nn {

/// The published initial scale of 1x1 convolutions that do not start at zero.
constexpr double pointwise_init_scale = 0.1;

/// y = x W + b: x [..., in] -> [..., out]; weight [in, out], bias [out]. On images [N, H, W, C] it
/// is the 1x1 convolution that the published networks call NIN.
class Linear : public Module {
 public:
  /// Weights start by variance scaling with `init_scale`, the bias at zero.
  Linear(Index in, Index out, double init_scale = 1);

  Tensor forward(const Tensor& x) const;
  /// (forward(x) + residual) scale in one pass.
  Tensor forward_joined(const Tensor& x, const Tensor& residual, double scale) const;

 private:
  Tensor weight_, bias_;
};

}  // namespace ito::nn
