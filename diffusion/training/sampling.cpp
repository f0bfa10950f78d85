#include "diffusion/training/sampling.h"

#include <algorithm>

#include "diffusion/samplers/samplers.h"
#include "engine/autograd.h"

namespace ito {

void check_sampler(const Sde& sde, const SamplingConfig& config) {
  if (config.sampler != "pc" && config.sampler != "ode")
    fail("sampler", "expected the sampler pc or ode, got ", config.sampler);
  if (config.sampler == "ode" && config.corrector != "none")
    fail("sampler", "the ode sampler has no corrector, got ", config.corrector);
  spacing_named(config.grid);
  make_predictor(config.predictor, {sde, {}, config.probability_flow});
  make_corrector(config.corrector, sde, {}, config.snr);
}

namespace {

FlowOptions flow_options(const SamplingConfig& config) {
  FlowOptions options{.eps = config.eps, .denoise = config.denoise};
  options.ode.rtol = options.ode.atol = config.tolerance;
  return options;
}

Samples draw_by_ode(const Sde& sde, const Score& score, const Shape& item,
                    const SamplingConfig& config, const SampleRange& range,
                    const SamplingHooks& hooks) {
  FlowOptions options = flow_options(config);
  if (hooks.progress)
    options.ode.progress = [&](double done) {
      return hooks.progress(static_cast<int>(1000 * done), 1000);
    };
  FlowSamples samples = generate_flow(sde, score, item, range, options);
  return {samples.x, samples.complete};
}

}  // namespace

std::vector<Tensor> ode_frames(const Sde& sde, const Score& score, const Shape& item,
                               const SamplingConfig& config, const SampleRange& range,
                               const Times& times) {
  FlowOptions options = flow_options(config);
  options.ode.output = times;
  FlowSamples samples = generate_flow(sde, score, item, range, options);
  samples.frames.push_back(samples.x);
  return samples.frames;
}

PredictorCorrectorOptions sampling_options(const SamplingConfig& config,
                                           const SamplingHooks& hooks) {
  return {.steps = static_cast<int>(config.steps),
          .eps = config.eps,
          .corrector_steps = static_cast<int>(config.corrector_steps),
          .denoise = config.denoise,
          .observe = hooks.observe,
          .progress = hooks.progress,
          .spacing = spacing_named(config.grid)};
}

Samples draw_samples(const Sde& sde, const Score& score, const Shape& item,
                     const SamplingConfig& config, const SampleRange& range,
                     const SamplingHooks& hooks) {
  const NoGrad no_grad;
  if (config.sampler == "ode") return draw_by_ode(sde, score, item, config, range, hooks);
  const ReverseSde reverse = {sde, score, config.probability_flow};
  const auto predictor = make_predictor(config.predictor, reverse);
  const auto corrector = make_corrector(config.corrector, sde, score, config.snr);
  return generate(sde, predictor.get(), corrector.get(), item, range,
                  sampling_options(config, hooks));
}

Tensor to_unit(const Tensor& x, Range range) {
  const NoGrad no_grad;
  return range == Range::centered ? affine(x, 0.5, 0.5) : x;
}

Index zoom_for(const Shape& item) { return std::max<Index>(1, 32 / std::max(item[0], item[1])); }

}  // namespace ito
