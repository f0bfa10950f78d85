#pragma once
// The predictor-corrector loop (Song et al. 2021, algorithm 1): the one loop that every sampler on
// a fixed time grid runs in. The grid, the noise, progress and cancellation live here.

#include <functional>

#include "diffusion/samplers/constraint.h"
#include "diffusion/samplers/noise_source.h"
#include "diffusion/samplers/update.h"

namespace ito {

/// Sees the state after each corrector call (`stage` corrector) and each predictor call (predictor)
/// of a step, at time t.
struct Observation {
  int step;
  double t;
  Purpose stage;
  const Update& state;
};

/// How the times of a grid are spaced, both ends included.
enum class Spacing {
  time,     ///< evenly, as published for 1000 or so steps
  log_snr,  ///< evenly in log(mean_scale / std) (Lu et al. 2022): for few steps
  karras,   ///< evenly in the 7th root of std / mean_scale (Karras et al. 2022, equation 5)
  fixed  ///< all at eps: the corrector alone, a Markov chain that begins at N(0, I) and has p_eps
         ///< as its stationary distribution
};
/// By these names; throws for another.
Spacing spacing_named(const std::string& name);

struct PredictorCorrectorOptions {
  int steps = 1000;         ///< times of the grid, from T to eps, both included
  double eps = 1e-3;        ///< published: 1e-3 for VP and sub-VP, 1e-5 for VE
  int corrector_steps = 1;  ///< corrector iterations at each time
  bool denoise = true;      ///< return the last mean, without the last noise
  std::function<void(const Observation&)> observe = {};
  /// Called after each step with the number of steps done; false stops the loop.
  std::function<bool(int done, int total)> progress = {};
  Spacing spacing = Spacing::time;
  /// Null, or what the state must agree with at the start and after each corrector and predictor
  /// call, also of one that is absent. Observers see the state before that.
  const Constraint* constraint = nullptr;
};

struct Samples {
  Tensor x;
  bool complete;  ///< false if `progress` stopped the loop: x is then the state reached
};

/// Starts from the prior and at each time of the grid runs the corrector, then the predictor to the
/// next time (after eps: to the data). Either may be null: corrector only, predictor only.
/// Gradients are off, apart from what a score switches on for itself.
Samples predictor_corrector(const Sde& sde, const Predictor* predictor, const Corrector* corrector,
                            const NoiseSource& noise, const PredictorCorrectorOptions& options);

/// `steps` times from T to eps.
Times time_grid(const Sde& sde, int steps, double eps, Spacing spacing = Spacing::time);

}  // namespace ito
