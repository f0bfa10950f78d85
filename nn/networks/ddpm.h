#pragma once
// The U-Net of DDPM (Ho et al. 2020), as Song et al. (2021) use it for score matching.

#include <memory>
#include <vector>

#include "nn/blocks/unet_level.h"
#include "nn/layers/class_embedding.h"
#include "nn/layers/time_embedding.h"
#include "nn/networks/ddpm_config.h"
#include "nn/networks/score_network.h"

namespace ito::nn {

/// x [N, H, W, C] with H = W = image_size -> like x. Labels: whatever scale the sinusoids shall
/// see (t * 999, or the index of a noise level); with scale_by_sigma they also choose the sigma
/// that the output is divided by.
class Ddpm : public ScoreNetwork {
 public:
  /// Throws what `check` throws. All parameters are zero or one until initialised or loaded.
  explicit Ddpm(const DdpmConfig& config);

  Tensor forward(const Tensor& x, const std::vector<double>& labels,
                 const RandomStream* dropout = nullptr) const override;
  Index classes() const override { return config_.told.classes; }
  Tensor forward_told(const Tensor& x, const std::vector<double>& labels, const Tensor& weights,
                      const RandomStream* dropout = nullptr) const override;

  const DdpmConfig& config() const { return config_; }

 private:
  void build_down(const BlockOptions& block, std::vector<Index>& skips, DropoutCounter& dropouts);
  void build_up(const BlockOptions& block, std::vector<Index> skips, DropoutCounter& dropouts);
  LevelOptions level_options(Index level) const;
  Tensor unet(const Tensor& x, const std::vector<double>& labels, const Tensor& temb,
              const RandomStream* dropout) const;
  void check_input(const Tensor& x, const std::vector<double>& labels) const;

  DdpmConfig config_;
  TimeEmbedding time_;
  Conv2d first_;
  std::vector<std::unique_ptr<DownLevel>> down_;
  std::unique_ptr<MiddleLevel> middle_;
  std::vector<std::unique_ptr<UpLevel>> up_;  ///< lowest resolution first
  GroupNorm last_norm_;
  Conv2d last_conv_;
  std::unique_ptr<ClassEmbedding> class_;  ///< if it is told classes
  std::vector<double> sigmas_;
};

}  // namespace ito::nn
