#pragma once
// `ito likelihood --method elbo`: the variational bound of DDPM's chain.

#include <string>

#include "diffusion/likelihood/variational_bound.h"
#include "diffusion/training/trained_model.h"
#include "engine/file.h"

namespace ito::cli {

struct BoundArguments {
  std::string variance = "posterior";  ///< or "beta"
  Index steps = 0;                     ///< of the chain; 0: as the model's SDE has
  BoundOptions options;
};

/// Computes the bound of the first `n` images with a bar of progress and prints it; `json` (unless
/// empty) gets all numbers. Returns an exit code.
int likelihood_bound(const TrainedModel& model, const ImageSet& set, Index n, BoundArguments a,
                     const std::string& json, Overwrite overwrite);

/// A line about one error bar; without it, which flag would give it.
void tell_error(const char* name, const std::optional<double>& error, const char* remedy);

}  // namespace ito::cli
