#pragma once
// NCSN++ and DDPM++, the U-Nets of Song et al. (2021, section 4.4): one network, many switches.

#include <memory>
#include <vector>

#include "nn/blocks/unet_level.h"
#include "nn/layers/class_embedding.h"
#include "nn/layers/time_embedding.h"
#include "nn/networks/ncsnpp_config.h"
#include "nn/networks/score_network.h"

namespace ito::nn {

/// x [N, H, W, C] with H = W = image_size -> like x. Labels are noise levels sigma with Fourier
/// features (which take their logarithm), otherwise what the sinusoids shall see: t * 999, or the
/// index of a noise level.
class Ncsnpp : public ScoreNetwork {
 public:
  /// Throws what `check` throws. All parameters are zero or one until initialised or loaded.
  explicit Ncsnpp(const NcsnppConfig& config);

  Tensor forward(const Tensor& x, const std::vector<double>& labels,
                 const RandomStream* dropout = nullptr) const override;
  Index classes() const override { return config_.told.classes; }
  Tensor forward_told(const Tensor& x, const std::vector<double>& labels, const Tensor& weights,
                      const RandomStream* dropout = nullptr) const override;

  const NcsnppConfig& config() const { return config_; }

 private:
  void build_down(const BlockOptions& block, std::vector<Index>& skips, DropoutCounter& dropouts);
  void build_up(const BlockOptions& block, std::vector<Index> skips, DropoutCounter& dropouts);
  void build_last(const BlockOptions& block);
  Tensor unet(const Tensor& x, const std::vector<double>& labels, const Tensor& temb,
              const RandomStream* dropout) const;
  void check_input(const Tensor& x, const std::vector<double>& labels) const;
  Tensor scaled(const Tensor& y, const std::vector<double>& labels) const;

  NcsnppConfig config_;
  std::unique_ptr<TimeEmbedding> time_;  ///< if conditional
  Conv2d first_;
  std::vector<std::unique_ptr<DownLevel>> down_;
  std::unique_ptr<MiddleLevel> middle_;
  std::vector<std::unique_ptr<UpLevel>> up_;  ///< lowest resolution first
  std::unique_ptr<GroupNorm> last_norm_;      ///< unless the output pyramid is the output
  std::unique_ptr<Conv2d> last_conv_;
  std::unique_ptr<ClassEmbedding> class_;  ///< if it is told classes
  std::vector<double> sigmas_;
};

}  // namespace ito::nn
