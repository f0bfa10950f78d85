#pragma once
// What the subcommands that draw samples share: the sampler's flags.

#include "diffusion/cli/flags.h"
#include "diffusion/training/sampling.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {

/// --steps, --sampler, --predictor, ...: keys of the section "sampling".
extern const std::vector<ConfigFlag> sampling_flags;

/// The model's own way of sampling with `patch` laid over it; throws UsageError.
SamplingConfig sampling_of(const TrainedModel& model, const nlohmann::json& patch);

}  // namespace ito::cli
