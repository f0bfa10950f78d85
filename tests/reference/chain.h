#pragma once
// What replays of sampler chains share: the published sampler that a case describes, run with the
// recorded noise, and the limits of its states.

#include <memory>

#include "diffusion/samplers/predictor_corrector.h"
#include "nn/networks/score_network.h"
#include "tests/reference/compare.h"

namespace ito::reference {

/// What is seen of a chain.
struct Chain {
  std::vector<Tensor> states;             ///< after each update call
  std::vector<Tensor> entering;           ///< before each, with a constraint
  Tensor corrector_mean, predictor_mean;  ///< of the last step, without a constraint
  Tensor sample;
  Index draws = 0;
};

/// Makes the constraint of a chain under its SDE.
using ConstraintOf = std::function<std::unique_ptr<Constraint>(const Sde&)>;

/// Runs the sampler of a case; with a constraint, where `constraint` is not empty.
Chain run_chain(const ReferenceFile& file, const nlohmann::json& settings,
                const nn::ScoreNetwork& network, const ConstraintOf& constraint = {});

/// Images [N, H, W, C] as rows [K, N, C, H, W].
Tensor stacked(const std::vector<Tensor>& images);

/// Compares the sample and the number of draws; in brief neither is known.
void compare_sample(const ReferenceFile& file, Report& report, const std::string& name,
                    const nlohmann::json& settings, const Chain& chain);
/// Compares states with the rows of CASE.`which`, in brief with the first. The recorded rounding
/// error is that of the sample; where a chain's states are larger, so is rounding.
void compare_states(const ReferenceFile& file, Report& report, const std::string& name,
                    const char* which, const std::vector<Tensor>& states);

}  // namespace ito::reference
