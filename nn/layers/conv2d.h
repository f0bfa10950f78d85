#pragma once
// Conv2d: a square convolution and a bias.

#include "engine/ops.h"
#include "nn/module.h"

namespace ito::nn {

/// x [N, H, W, in] -> [N, P, Q, out]; weight [kernel, kernel, in, out], bias [out].
class Conv2d : public Module {
 public:
  struct Options {
    Index kernel = 3;
    double init_scale = 1;  ///< of the variance scaling that the weights start with
    /// By default stride 1 and the zeros around that keep the size of a 3x3 convolution.
    Conv2dOptions geometry = {.stride = 1, .pad_before = 1, .pad_after = 1};
    bool bias = true;
    bool start_by_fan_in = false;  ///< weights and bias start as uniform_fan_in instead
  };

  Conv2d(Index in, Index out) : Conv2d(in, out, Options()) {}
  Conv2d(Index in, Index out, const Options& options);

  Tensor forward(const Tensor& x) const;
  /// (forward(x) + residual) scale in one pass; needs a bias.
  Tensor forward_joined(const Tensor& x, const Tensor& residual, double scale) const;
  /// forward(x) + shift [N, out], the same for all pixels of an image; needs a bias.
  Tensor forward_shifted(const Tensor& x, const Tensor& shift) const;

  /// For operations that fuse the convolution with something else; the bias may be empty.
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  Conv2dOptions geometry_;
  Tensor weight_, bias_;
};

}  // namespace ito::nn
