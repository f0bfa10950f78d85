#pragma once
// One resolution of a U-Net (DDPM, NCSN++), on the way down and on the way up.

#include <memory>
#include <vector>

#include "nn/blocks/attention.h"
#include "nn/blocks/pyramid.h"
#include "nn/blocks/resample.h"
#include "nn/blocks/residual.h"

namespace ito::nn {

/// The features that wait for the way up, innermost last.
using Skips = std::vector<Tensor>;

/// What is particular to a level.
struct LevelOptions {
  Index blocks = 2;
  bool attention = false;
  bool attention_each_up = false;  ///< on the way up after every block, not the last alone
  bool resample = false;           ///< halve or double at the end: the level is not the last one
  bool with_conv = true;           ///< with a convolution in the resampling of DDPM
  Pyramid pyramid = Pyramid::none;
  Index pyramid_channels = 0;  ///< of the pyramid when it reaches this level; 0: it begins here
  Index image_channels = 3;
  Combine combine = Combine::sum;
};

/// Numbers the dropout layers of a network.
using DropoutCounter = std::uint32_t;

/// blocks x (residual block, attention), then halving and a step of the input pyramid. Every result
/// is also a skip.
class DownLevel : public Module {
 public:
  DownLevel(Index in, Index out, const LevelOptions& level, const BlockOptions& block,
            DropoutCounter& dropouts);

  /// `pyramid`: the input pyramid at the resolution of h, halved with it; empty without one.
  Tensor forward(Tensor h, const Tensor& temb, const RandomStream* dropout, Skips& skips,
                 Tensor& pyramid) const;

  /// Channels of the skips that it leaves, in their order.
  const std::vector<Index>& skip_channels() const { return skip_channels_; }

 private:
  Tensor halve(const Tensor& h, const Tensor& temb, const RandomStream* dropout) const;

  std::vector<std::unique_ptr<ResidualBlock>> blocks_;
  std::vector<std::unique_ptr<AttentionBlock>> attentions_;  ///< one per block, or none
  std::unique_ptr<Downsample> downsample_;                   ///< of DDPM
  std::unique_ptr<ResidualBlock> halving_block_;             ///< of BigGAN
  std::unique_ptr<InputPyramid> pyramid_;
  std::vector<Index> skip_channels_;
};

/// Residual block, attention, residual block at the lowest resolution.
class MiddleLevel : public Module {
 public:
  MiddleLevel(Index channels, const BlockOptions& block, DropoutCounter& dropouts);

  Tensor forward(const Tensor& x, const Tensor& temb, const RandomStream* dropout) const;

 private:
  ResidualBlock block_0_;
  AttentionBlock attention_;
  ResidualBlock block_1_;
};

/// For every skip of the level a residual block of [h, skip], after each of them or the last
/// attention, then a step of the output pyramid, then doubling.
class UpLevel : public Module {
 public:
  /// `skips`: channels of the skips in the order in which they are taken.
  UpLevel(Index in, const std::vector<Index>& skips, Index out, const LevelOptions& level,
          const BlockOptions& block, DropoutCounter& dropouts);

  /// `pyramid`: the output pyramid at half the resolution of h, doubled here; empty before it
  /// begins.
  Tensor forward(Tensor h, const Tensor& temb, const RandomStream* dropout, Skips& skips,
                 Tensor& pyramid) const;

 private:
  std::vector<std::unique_ptr<ResidualBlock>> blocks_;
  std::vector<std::unique_ptr<AttentionBlock>> attentions_;  ///< one per block, one, or none
  std::unique_ptr<OutputPyramid> pyramid_;
  std::unique_ptr<Upsample> upsample_;             ///< of DDPM
  std::unique_ptr<ResidualBlock> doubling_block_;  ///< of BigGAN
};

}  // namespace ito::nn
