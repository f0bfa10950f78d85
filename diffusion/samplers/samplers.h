#pragma once
// Predictors and correctors by name, for programs.

#include <memory>
#include <string>

#include "diffusion/samplers/langevin.h"
#include "diffusion/samplers/update.h"
#include "diffusion/sde/reverse.h"

namespace ito {

/// "euler_maruyama", "reverse_diffusion", "ancestral", or "none": a null pointer. Throws for any
/// other name, and where a predictor has no probability flow.
std::unique_ptr<Predictor> make_predictor(const std::string& name, const ReverseSde& reverse,
                                          StepSize size = StepSize::actual);

/// "langevin", "ald" (annealed Langevin), or "none": a null pointer. `norms` concerns "langevin".
std::unique_ptr<Corrector> make_corrector(const std::string& name, const Sde& sde,
                                          const Score& score, double snr = 0.16,
                                          LangevinNorms norms = LangevinNorms::per_sample);

}  // namespace ito
