#pragma once
// What the subcommands that draw samples share: the sampler's flags and what is written.

#include "diffusion/cli/flags.h"
#include "diffusion/training/sampling.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {

/// --steps, --sampler, --predictor, ...: keys of the section "sampling".
extern const std::vector<ConfigFlag> sampling_flags;

/// The model's own way of sampling with `patch` laid over it; throws UsageError.
SamplingConfig sampling_of(const TrainedModel& model, const nlohmann::json& patch);

/// Throws UsageError unless `out` ends in .png or .npy, Error when it cannot be written.
void check_sample_file(const std::string& out, bool overwrite);
/// Throws unless items of this shape, grey or colour, make a picture.
void check_picture(const char* where, const std::string& out, const Shape& item);

}  // namespace ito::cli
