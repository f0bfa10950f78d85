#include "diffusion/control/restoration.h"

#include "diffusion/control/imputation.h"
#include "diffusion/samplers/denoise_at_end.h"
#include "diffusion/samplers/samplers.h"
#include "engine/autograd.h"

namespace ito {

RestorationMethod restoration_method_named(const std::string& name) {
  if (name == "projection") return RestorationMethod::projection;
  if (name == "perturbed") return RestorationMethod::perturbed;
  if (name == "pigdm") return RestorationMethod::pseudo_inverse;
  if (name == "dps") return RestorationMethod::posterior;
  fail("restore", "expected the method projection, perturbed, pigdm or dps, got ", name);
}

namespace {

/// What all batches of a restoration share.
struct Restoration {
  const Sde& sde;
  const Score& score;
  const RestorationOptions& options;
  const SamplingConfig& config;

  bool guides_the_score() const {
    return options.method == RestorationMethod::perturbed ||
           options.method == RestorationMethod::pseudo_inverse;
  }

  Score guided(const Measurement& measured) const {
    return options.method == RestorationMethod::perturbed
               ? perturbed_measurement(sde, score, measured, options.scale)
               : pseudo_inverse_guided(sde, score, measured, options.scale, options.bounds);
  }

  std::unique_ptr<Predictor> predictor(const Measurement& measured) const {
    auto plain = predictor_of({sde, score, config.probability_flow}, config);
    if (!plain) plain = std::make_unique<DenoiseAtEnd>(sde, score);
    if (options.method != RestorationMethod::posterior) return plain;
    return std::make_unique<DiffusionPosterior>(sde, score, std::move(plain), measured,
                                                options.scale, options.bounds);
  }

  /// By steps that are put right on the way.
  Samples stepwise(const Measurement& measured, const SampleRange& range,
                   const SamplingHooks& hooks) const {
    const auto steps = predictor(measured);
    const auto corrector = make_corrector(config.corrector, sde, score, config.snr);
    PredictorCorrectorOptions loop = sampling_options(config, hooks);
    std::unique_ptr<Constraint> constraint;
    if (options.method == RestorationMethod::projection)
      constraint = measured.A.constraint(sde, measured);
    loop.constraint = constraint.get();
    return generate(sde, steps.get(), corrector.get(), measured.A.domain(), range, loop);
  }

  Samples draw(const Measurement& measured, const SampleRange& range,
               const SamplingHooks& hooks) const {
    if (!guides_the_score()) return stepwise(measured, range, hooks);
    return draw_samples(sde, guided(measured), measured.A.domain(), config, range, hooks);
  }
};

}  // namespace

Samples restore(const Sde& sde, const Score& score, const Measurement& measured,
                const RestorationOptions& options, const SamplingConfig& config,
                const SampleRange& range, const SamplingHooks& hooks) {
  const NoGrad no_grad;
  check(measured);
  if (measured.y.size(0) != range.count)
    fail("restore", "expected a measurement for each of ", range.count, " samples, got ",
         measured.y.size(0));
  const Restoration restoration = {sde, score, options, config};
  if (config.sampler == "ode" && !restoration.guides_the_score())
    fail("restore", "the ode sampler goes with the methods perturbed and pigdm only");
  // The ode sampler calls the score for those samples of a batch that are still under way, and the
  // guidance could not tell whose measurements to take: there each sample is a batch.
  SampleRange parts = range;
  if (config.sampler == "ode") parts.batch = 1;
  return in_batches(parts, hooks.progress, [&](const SampleRange& part, const auto& progress) {
    const Index begin = part.first - range.first;
    const Measurement rows = {measured.A, slice(measured.y, 0, begin, begin + part.count),
                              measured.noise_std};
    return restoration.draw(rows, part, {.progress = progress, .observe = hooks.observe});
  });
}

}  // namespace ito
