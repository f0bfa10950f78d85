#pragma once
// The objective of a configuration as a function of the clean batch and its address.

#include <functional>

#include "diffusion/objectives/draws.h"
#include "diffusion/objectives/loss.h"
#include "diffusion/training/config.h"
#include "nn/networks/score_network.h"

namespace ito {

enum class Mode { training, evaluation };  ///< with dropout, without

/// Draws times and noise at the address and returns the loss of the batch x_0 [N, ...].
using Objective =
    std::function<Loss(const nn::ScoreNetwork&, const Tensor& x_0, const BatchAddress&, Mode)>;

/// Throws when the objective and the SDE do not go together. `item` is the shape of the data's.
Objective make_objective(const ObjectiveConfig& objective, const SdeConfig& sde, const Shape& item);

/// The labels that a network trained with this objective knows.
Labels labels_of(const ObjectiveConfig& objective);

}  // namespace ito
