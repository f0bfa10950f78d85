#pragma once
// The residual blocks of DDPM (Ho et al. 2020, appendix B) and of BigGAN (Brock et al. 2019), as
// Song et al. (2021) use them.

#include <memory>

#include "nn/blocks/block_options.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/dropout.h"
#include "nn/layers/linear.h"

namespace ito::nn {

/// What a block of BigGAN does to the size of the image.
enum class Resize { keep, down, up };

/// What is particular to one block.
struct ResidualShape {
  Resize resize = Resize::keep;
  bool wide_shortcut = false;  ///< a shortcut of 3x3, not 1x1
};

/// h = conv_0(resize(act(norm_0(x)))) + time(act(temb)); h = conv_1(dropout(act(norm_1(h))));
/// x + h, with x resized too, and through a convolution (`shortcut`) if the number of channels or
/// the size changes. conv_1 starts at zero: a new block is its shortcut.
class ResidualBlock : public Module {
 public:
  /// `dropout_ordinal`: the number of this block's dropout layer within the network.
  ResidualBlock(Index in, Index out, const BlockOptions& options, std::uint32_t dropout_ordinal,
                const ResidualShape& shape = {});

  /// x [N, H, W, in], temb [N, embedding] (unused without embedding) -> [N, H', W', out]. x may
  /// come in parts, some of its channels each. Inside a RecomputeScope only the parts are kept.
  Tensor forward(const std::vector<Tensor>& x, const Tensor& temb,
                 const RandomStream* dropout) const;
  Tensor forward(const Tensor& x, const Tensor& temb, const RandomStream* dropout) const {
    return forward(std::vector<Tensor>{x}, temb, dropout);
  }

 private:
  Tensor compute(const Tensor& x, const Tensor& temb, const RandomStream* dropout) const;
  Tensor resized(const Tensor& x) const;
  Tensor shortcut(const Tensor& x) const;

  BlockOptions options_;
  Resize resize_;
  GroupNorm norm_0_;
  Conv2d conv_0_;
  std::unique_ptr<Linear> time_;
  GroupNorm norm_1_;
  Dropout dropout_;
  Conv2d conv_1_;
  std::unique_ptr<Linear> shortcut_;
  std::unique_ptr<Conv2d> wide_shortcut_;
};

}  // namespace ito::nn
