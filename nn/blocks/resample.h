#pragma once
// Halving and doubling of images between the levels of DDPM's U-Net.

#include <memory>

#include "nn/layers/conv2d.h"

namespace ito::nn {

/// [N, H, W, C] -> [N, H/2, W/2, C]: a 3x3 convolution of stride 2 with a row and a column of zeros
/// behind, or without convolution the mean of 2x2 blocks.
class Downsample : public Module {
 public:
  Downsample(Index channels, bool with_conv);

  Tensor forward(const Tensor& x) const;

 private:
  std::unique_ptr<Conv2d> conv_;
};

/// [N, H, W, C] -> [N, 2H, 2W, C]: nearest neighbour, then a 3x3 convolution if `with_conv`.
class Upsample : public Module {
 public:
  Upsample(Index channels, bool with_conv);

  Tensor forward(const Tensor& x) const;

 private:
  std::unique_ptr<Conv2d> conv_;
};

}  // namespace ito::nn
