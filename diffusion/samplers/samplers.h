#pragma once
// Predictors and correctors by name, for programs.

#include <memory>
#include <string>

#include "diffusion/samplers/langevin.h"
#include "diffusion/samplers/update.h"
#include "diffusion/sde/reverse.h"

namespace ito {

/// Everything that make_predictor knows.
const std::vector<std::string>& predictor_names();

/// "euler_maruyama", "reverse_diffusion", "ancestral"; for few evaluations "heun", "ddim",
/// "dpm_solver_2", "dpm_solver_3" and "edm" (without churn), which solve the probability flow
/// whatever `reverse` says; or "none": a null pointer. Throws for any other name, and where a
/// predictor has no probability flow. `size` concerns the first three.
std::unique_ptr<Predictor> make_predictor(const std::string& name, const ReverseSde& reverse,
                                          StepSize size = StepSize::actual);

/// "langevin", "ald" (annealed Langevin), or "none": a null pointer. `norms` concerns "langevin".
std::unique_ptr<Corrector> make_corrector(const std::string& name, const Sde& sde,
                                          const Score& score, double snr = 0.16,
                                          LangevinNorms norms = LangevinNorms::per_sample);

}  // namespace ito
