#pragma once
// The residual block of DDPM (Ho et al. 2020, appendix B).

#include <memory>

#include "nn/blocks/block_options.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/dropout.h"
#include "nn/layers/linear.h"

namespace ito::nn {

/// h = conv_0(act(norm_0(x))) + time(act(temb)); h = conv_1(dropout(act(norm_1(h)))); x + h, with x
/// through a 1x1 convolution (`shortcut`) if the number of channels changes. conv_1 starts at zero:
/// a new block is its shortcut.
class ResidualBlock : public Module {
 public:
  /// `dropout_ordinal`: the number of this block's dropout layer within the network.
  ResidualBlock(Index in, Index out, const BlockOptions& options, std::uint32_t dropout_ordinal);

  /// x [N, H, W, in], temb [N, embedding] -> [N, H, W, out].
  Tensor forward(const Tensor& x, const Tensor& temb, const RandomStream* dropout) const;

 private:
  Activation activation_;
  GroupNorm norm_0_;
  Conv2d conv_0_;
  Linear time_;
  GroupNorm norm_1_;
  Dropout dropout_;
  Conv2d conv_1_;
  std::unique_ptr<Linear> shortcut_;
};

}  // namespace ito::nn
