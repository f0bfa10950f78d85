#pragma once
// One resolution of DDPM's U-Net, on the way down and on the way up.

#include <memory>
#include <vector>

#include "nn/blocks/attention.h"
#include "nn/blocks/resample.h"
#include "nn/blocks/residual.h"

namespace ito::nn {

/// The features that wait for the way up, innermost last.
using Skips = std::vector<Tensor>;

/// What is particular to a level.
struct LevelOptions {
  Index blocks = 2;
  bool attention = false;
  bool resample = false;  ///< halve or double at the end: the level is not the last one
  bool with_conv = true;  ///< with a convolution in the resampling
};

/// blocks x (residual block, attention), then halving. Every result is also a skip.
class DownLevel : public Module {
 public:
  DownLevel(Index in, Index out, const LevelOptions& level, const BlockOptions& block,
            std::uint32_t first_dropout);

  Tensor forward(Tensor h, const Tensor& temb, const RandomStream* dropout, Skips& skips) const;

 private:
  std::vector<std::unique_ptr<ResidualBlock>> blocks_;
  std::vector<std::unique_ptr<AttentionBlock>> attentions_;  ///< one per block, or none
  std::unique_ptr<Downsample> downsample_;
};

/// Residual block, attention, residual block at the lowest resolution.
class MiddleLevel : public Module {
 public:
  MiddleLevel(Index channels, const BlockOptions& block, std::uint32_t first_dropout);

  Tensor forward(const Tensor& x, const Tensor& temb, const RandomStream* dropout) const;

 private:
  ResidualBlock block_0_;
  AttentionBlock attention_;
  ResidualBlock block_1_;
};

/// For every skip of the level a residual block of [h, skip], then attention once, then doubling.
class UpLevel : public Module {
 public:
  /// `skips`: channels of the skips in the order in which they are taken.
  UpLevel(Index in, const std::vector<Index>& skips, Index out, const LevelOptions& level,
          const BlockOptions& block, std::uint32_t first_dropout);

  Tensor forward(Tensor h, const Tensor& temb, const RandomStream* dropout, Skips& skips) const;

 private:
  std::vector<std::unique_ptr<ResidualBlock>> blocks_;
  std::unique_ptr<AttentionBlock> attention_;
  std::unique_ptr<Upsample> upsample_;
};

}  // namespace ito::nn
