#pragma once
// NCSN (Song and Ermon 2019) and NCSNv2 (2020): dilated residual blocks on the way down, a cascade
// of RefineNet blocks on the way up.

#include <memory>
#include <vector>

#include "nn/blocks/ncsn_residual.h"
#include "nn/blocks/refine.h"
#include "nn/networks/ncsn_config.h"
#include "nn/networks/score_network.h"

namespace ito::nn {

/// The options of the blocks of a stage, and of all refine blocks.
NcsnBlockOptions first_block_options(const NcsnConfig& config, const NcsnStage& stage);
NcsnBlockOptions second_block_options(const NcsnConfig& config, const NcsnStage& stage);
RefineOptions refine_options(const NcsnConfig& config);

/// x [N, H, W, C] with H = W = image_size -> like x. Labels are indices of noise levels, 0 the
/// largest; fractions are cut off.
class Ncsn : public ScoreNetwork {
 public:
  /// Throws what `check` throws. All parameters are zero until initialised or loaded.
  explicit Ncsn(const NcsnConfig& config);

  Tensor forward(const Tensor& x, const std::vector<double>& labels,
                 const RandomStream* dropout = nullptr) const override;

  const NcsnConfig& config() const { return config_; }

 private:
  void build_stages();
  void build_refine();
  void check_input(const Tensor& x, const std::vector<double>& labels) const;

  NcsnConfig config_;
  Conv2d first_;
  std::vector<std::unique_ptr<NcsnResidualBlock>> blocks_;  ///< two per stage
  std::vector<std::unique_ptr<RefineBlock>> refine_;        ///< one per stage
  InstanceNorm last_norm_;
  Conv2d last_conv_;
  std::vector<double> sigmas_;
};

}  // namespace ito::nn
