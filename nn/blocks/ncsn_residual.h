#pragma once
// The residual block of NCSN and NCSNv2 (Song and Ermon 2019, 2020).

#include <memory>

#include "nn/layers/activation.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/instance_norm.h"

namespace ito::nn {

/// A convolution without change of size: kernel 1, or 3 with a dilation. It starts as
/// uniform_fan_in.
Conv2d::Options ncsn_conv(Index kernel, Index dilation = 1, bool bias = true);

/// A convolution, then the means of 2x2 blocks.
class ConvMeanPool : public Module {
 public:
  ConvMeanPool(Index in, Index out, Index kernel);

  /// x [N, H, W, in] -> [N, H/2, W/2, out].
  Tensor forward(const Tensor& x) const;

 private:
  Conv2d conv_;
};

struct NcsnBlockOptions {
  bool down = false;   ///< to half the size; with a dilation the size stays
  Index dilation = 1;  ///< of all 3x3 convolutions of the block
  Activation activation = Activation::elu;
  InstanceNormOptions norm = {};

  bool halves() const { return down && dilation == 1; }
};

/// conv_2(act(norm_2(conv_1(act(norm_1(x)))))) + shortcut(x). Where a block goes down, conv_2 is
/// what widens, and conv_2 and a shortcut of 1x1 take means of 2x2 blocks. The shortcut is the
/// identity where size and width stay and the block is not `down`; with a dilation it is a dilated
/// 3x3 convolution, otherwise one of 1x1.
class NcsnResidualBlock : public Module {
 public:
  NcsnResidualBlock(Index in, Index out, const NcsnBlockOptions& options);

  /// x [N, H, W, in], the classes of InstanceNorm -> [N, H', W', out]. Inside a RecomputeScope only
  /// x is kept.
  Tensor forward(const Tensor& x, const std::vector<Index>& classes) const;

 private:
  Tensor compute(const Tensor& x, const std::vector<Index>& classes) const;
  void build_shortcut(Index in, Index out);
  Tensor shortcut(const Tensor& x) const;

  NcsnBlockOptions options_;
  InstanceNorm norm_1_, norm_2_;
  Conv2d conv_1_;
  std::unique_ptr<Conv2d> conv_2_, shortcut_;
  std::unique_ptr<ConvMeanPool> halving_conv_2_, halving_shortcut_;
};

}  // namespace ito::nn
