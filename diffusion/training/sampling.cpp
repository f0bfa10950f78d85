#include "diffusion/training/sampling.h"

#include <algorithm>
#include <cmath>

#include "diffusion/samplers/denoise_at_end.h"
#include "diffusion/samplers/graphed_predictor.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/score.h"
#include "engine/autograd.h"

namespace ito {

namespace {

bool is_chain(const std::string& sampler) {
  return sampler == "ula" || sampler == "mala" || sampler == "hmc";
}

/// The samplers that are Markov chains at one time, as predictor, corrector and grid.
SamplingConfig spelled_out(SamplingConfig config) {
  if (!is_chain(config.sampler)) return config;
  config.predictor = "none";
  config.corrector = config.sampler;
  config.grid = "fixed";
  return config;
}

ChainOptions chain_options(const SamplingConfig& config, Acceptance* acceptance) {
  return {.step_size = config.step_size,
          .leapfrog = static_cast<int>(config.leapfrog),
          .metropolis = {.quadrature = config.quadrature, .acceptance = acceptance}};
}

std::unique_ptr<Corrector> corrector_of(const Sde& sde, const Score& score,
                                        const SamplingConfig& config, Acceptance* acceptance) {
  return make_corrector(config.corrector, sde, score, config.snr, LangevinNorms::per_sample,
                        chain_options(config, acceptance));
}

EdmOptions edm_options(const SamplingConfig& config) {
  return {.churn = edm_churn(config.churn, config.steps),
          .churn_min = config.churn_min,
          .churn_max = config.churn_max,
          .noise = config.churn_noise};
}

}  // namespace

std::unique_ptr<Predictor> predictor_of(const ReverseSde& reverse, const SamplingConfig& config) {
  auto predictor = make_predictor(config.predictor, reverse, StepSize::actual, edm_options(config));
  const bool goes_down = spacing_named(config.grid) != Spacing::fixed;
  if (!predictor && goes_down && config.denoise)
    predictor = std::make_unique<DenoiseAtEnd>(reverse.sde, checked(reverse.score, reverse.sde));
  return predictor;
}

void check_sampler(const Sde& sde, const SamplingConfig& given) {
  if (given.sampler != "pc" && given.sampler != "ode" && !is_chain(given.sampler))
    fail("sampler", "expected the sampler pc, ode, ula, mala or hmc, got ", given.sampler);
  if (given.sampler == "ode" && given.corrector != "none")
    fail("sampler", "the ode sampler has no corrector, got ", given.corrector);
  const SamplingConfig config = spelled_out(given);
  if (spacing_named(config.grid) == Spacing::fixed && config.predictor != "none")
    fail("sampler", "on the fixed grid time does not pass: expected the predictor none, got ",
         config.predictor);
  quadrature_named(config.quadrature);
  predictor_of({sde, {}, config.probability_flow}, config);
  corrector_of(sde, {}, config, nullptr);
}

bool accepts_by_score(const SamplingConfig& config) {
  const std::string corrector = spelled_out(config).corrector;
  return corrector == "mala" || corrector == "hmc";
}

double loop_rms_of(const Sde& sde, const Score& score, const Tensor& x,
                   const SamplingConfig& config, std::uint64_t seed) {
  const NoGrad no_grad;
  const double e =
      config.step_size > 0 ? config.step_size : annealed_step(sde, config.snr)(config.eps);
  return loop_rms(score, x, config.eps, std::sqrt(2 * e), quadrature_named(config.quadrature),
                  {.seed = seed, .purpose = Purpose::probe});
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

Samples draw_samples(const Sde& sde, const Score& given_score, const Shape& item,
                     const SamplingConfig& given, const SampleRange& range,
                     const SamplingHooks& hooks) {
  const NoGrad no_grad;
  const SamplingConfig config = spelled_out(given);
  const Score score = range.graphs ? graphed(given_score) : given_score;
  if (config.sampler == "ode") return draw_by_ode(sde, score, item, config, range, hooks);
  auto predictor = predictor_of({sde, score, config.probability_flow}, config);
  if (range.graphs) predictor = graphed(std::move(predictor));
  const auto corrector = corrector_of(sde, score, config, hooks.acceptance);
  return generate(sde, predictor.get(), corrector.get(), item, range,
                  sampling_options(config, hooks));
}

Tensor to_unit(const Tensor& x, Range range) {
  const NoGrad no_grad;
  return range == Range::centered ? affine(x, 0.5, 0.5) : x;
}

Tensor from_unit(const Tensor& x, Range range) {
  const NoGrad no_grad;
  return range == Range::centered ? affine(x, 2, -1) : x;
}

Index zoom_for(const Shape& item) { return std::max<Index>(1, 32 / std::max(item[0], item[1])); }

}  // namespace ito
