#pragma once
// The loop that the samplers of soft diffusion run in, and the samplers by name.

#include "diffusion/samplers/generate.h"
#include "diffusion/soft/soft_diffusion.h"

namespace ito {

/// Everything that make_soft_sampler knows.
const std::vector<std::string>& soft_sampler_names();

/// "naive", "momentum", "momentum_flow", "ddim" or "ddim_flow" (SoftPredictorCorrector); throws for
/// another name. `k` concerns the last two. Refers to `diffusion`.
std::unique_ptr<Predictor> make_soft_sampler(const std::string& name,
                                             const SoftDiffusion& diffusion, const Denoiser& h,
                                             double k = 0);

struct SoftSamplingOptions {
  int steps = 100;      ///< times of the grid, evenly from 1 to eps, both included
  double eps = 1e-3;    ///< last time
  bool denoise = true;  ///< return h(x, eps) instead of the state x at eps: one evaluation more
  /// Sees the state that each step begins with, as (step, t, Purpose::predictor, state).
  std::function<void(const Observation&)> observe = {};
  /// Called after each step with the number of steps done; false stops the loop.
  StepProgress progress = {};
};

/// From x_1 [N, item...], a sample of the prior, down the grid. With `denoise` a sampler of one
/// evaluation a step takes `steps` evaluations. Gradients are off.
Samples soft_sample(const Predictor& sampler, const Denoiser& h, const Tensor& x_1,
                    const NoiseSource& noise, const SoftSamplingOptions& options);

}  // namespace ito
