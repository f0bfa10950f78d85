#pragma once
// Samples as a configuration wants them.

#include "diffusion/samplers/generate.h"
#include "diffusion/samplers/metropolis.h"
#include "diffusion/sde/reverse.h"
#include "diffusion/training/config.h"

namespace ito {

/// Throws for a predictor or corrector that is not known or does not suit the SDE.
void check_sampler(const Sde& sde, const SamplingConfig& config);

/// `observe` and `progress` of PredictorCorrectorOptions; the ODE sampler, which has no steps that
/// all samples share, counts progress in thousandths and shows nothing.
struct SamplingHooks {
  std::function<bool(int done, int total)> progress = {};
  std::function<void(const Observation&)> observe = {};
  Acceptance* acceptance = nullptr;  ///< adds what "mala" and "hmc" propose and accept
};

/// The predictor that a configuration of "pc" names; for "none" DenoiseAtEnd, so that a corrector
/// alone ends without noise, or null where it does not denoise or stays at one time.
std::unique_ptr<Predictor> predictor_of(const ReverseSde& reverse, const SamplingConfig& config);

/// The configuration of "pc" as its options.
PredictorCorrectorOptions sampling_options(const SamplingConfig& config,
                                           const SamplingHooks& hooks);

/// Draws samples [count, item...], scaled as the model sees its data. With `range.graphs` the
/// predictor's step is one launch, and so are evaluations of the score by correctors and solvers.
Samples draw_samples(const Sde& sde, const Score& score, const Shape& item,
                     const SamplingConfig& config, const SampleRange& range,
                     const SamplingHooks& hooks = {});

/// Whether samples so drawn are accepted or rejected by the line integral of the score.
bool accepts_by_score(const SamplingConfig& config);
/// By how much the score is no gradient, where that matters to these samplers: loop_rms at x, at
/// the time eps, around triangles as large as a proposal. In nats.
double loop_rms_of(const Sde& sde, const Score& score, const Tensor& x,
                   const SamplingConfig& config, std::uint64_t seed);

/// States of the ODE sampler at the given times, T first, and the samples themselves last.
std::vector<Tensor> ode_frames(const Sde& sde, const Score& score, const Shape& item,
                               const SamplingConfig& config, const SampleRange& range,
                               const Times& times);

/// From the model's scale to [0, 1], without clamping.
Tensor to_unit(const Tensor& x, Range range);
/// And back.
Tensor from_unit(const Tensor& x, Range range);

/// An enlargement of images [H, W, C] by which they can be seen: to about 32 pixels.
Index zoom_for(const Shape& item);

}  // namespace ito
