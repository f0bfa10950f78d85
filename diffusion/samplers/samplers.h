#pragma once
// Predictors and correctors by name, for programs.

#include <memory>
#include <string>

#include "diffusion/samplers/edm.h"
#include "diffusion/samplers/metropolis.h"
#include "diffusion/samplers/update.h"
#include "diffusion/sde/reverse.h"

namespace ito {

/// Everything that make_predictor knows.
const std::vector<std::string>& predictor_names();

/// "euler_maruyama", "reverse_diffusion", "ancestral", "sra1"; for few evaluations "heun", "ddim",
/// "dpm_solver_2", "dpm_solver_3" and "edm" (unless it churns), which solve the probability flow
/// whatever `reverse` says; or "none": a null pointer. Throws for any other name, and where a
/// predictor has no probability flow. `size` concerns the first three, `edm` the last. Their scores
/// are `checked`.
std::unique_ptr<Predictor> make_predictor(const std::string& name, const ReverseSde& reverse,
                                          StepSize size = StepSize::actual,
                                          const EdmOptions& edm = {});

/// Everything that make_corrector knows.
const std::vector<std::string>& corrector_names();

/// What concerns "ula", "mala" and "hmc" alone.
struct ChainOptions {
  double step_size = 0;  ///< e; 0: annealed_step
  int leapfrog = 5;      ///< steps of "hmc"
  MetropolisOptions metropolis = {};
};

/// "langevin", "ald" (annealed Langevin), "ula" (unadjusted Langevin), "mala", "hmc", or "none": a
/// null pointer. `norms` concerns "langevin". Their scores are `checked`.
std::unique_ptr<Corrector> make_corrector(const std::string& name, const Sde& sde,
                                          const Score& score, double snr = 0.16,
                                          LangevinNorms norms = LangevinNorms::per_sample,
                                          const ChainOptions& chain = {});

}  // namespace ito
