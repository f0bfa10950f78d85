#pragma once
// The residual block of the noise-conditional Wide ResNet (Song et al. 2021, appendix I).

#include "nn/blocks/block_options.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/linear.h"

namespace ito::nn {

/// h = conv_0(relu(norm_0(x))) + time(swish(temb)); h = conv_1(relu(norm_1(h))); x + h,
/// pre-activated as in Zagoruyko and Komodakis (2016). Where the block halves the image, conv_0 has
/// stride 2 and x becomes means of 2x2 blocks; where it widens, zeros follow x's channels.
class WideBlock : public Module {
 public:
  struct Options {
    Index embedding = 512;
    Groups groups = {.rule = Groups::Rule::quarter, .max = 32};
    bool halve = false;
    /// The first block of the network norms and activates what its shortcut passes on too.
    bool activated_shortcut = false;
  };

  /// Throws for out < in.
  WideBlock(Index in, Index out, const Options& options);

  /// x [N, H, W, in], temb [N, embedding] -> [N, H', W', out].
  Tensor forward(const Tensor& x, const Tensor& temb) const;

 private:
  Tensor shortcut(const Tensor& x) const;

  Options options_;
  Index widening_;
  GroupNorm norm_0_;
  Conv2d conv_0_;
  Linear time_;
  GroupNorm norm_1_;
  Conv2d conv_1_;
};

}  // namespace ito::nn
