#pragma once
// The training objectives of loss_ and train_ files.

#include "diffusion/objectives/loss.h"
#include "nn/networks/score_network.h"
#include "tests/reference/file.h"

namespace ito::reference {

/// What a loss is computed from.
struct LossInputs {
  const nn::ScoreNetwork& network;
  Tensor x_0, z;  ///< [N, H, W, C]
  /// Per example: times for a continuous objective, else indices of noise levels.
  std::vector<double> draws;
};

/// The loss of name `op` with the SDE, the weighting and the reduction of the settings. Throws
/// NotBuilt for another one.
Loss published_loss(const std::string& op, const nlohmann::json& settings, const LossInputs& in);

}  // namespace ito::reference
