#include "diffusion/training/sampling.h"

#include <algorithm>

#include "diffusion/samplers/samplers.h"
#include "engine/autograd.h"

namespace ito {

void check_sampler(const Sde& sde, const SamplingConfig& config) {
  make_predictor(config.predictor, {sde, {}, config.probability_flow});
  make_corrector(config.corrector, sde, {}, config.snr);
}

Samples draw_samples(const Sde& sde, const Score& score, const Shape& item,
                     const SamplingConfig& config, const SampleRange& range,
                     const SamplingHooks& hooks) {
  const NoGrad no_grad;
  const ReverseSde reverse = {sde, score, config.probability_flow};
  const auto predictor = make_predictor(config.predictor, reverse);
  const auto corrector = make_corrector(config.corrector, sde, score, config.snr);
  return generate(sde, predictor.get(), corrector.get(), item, range,
                  {.steps = static_cast<int>(config.steps),
                   .eps = config.eps,
                   .corrector_steps = static_cast<int>(config.corrector_steps),
                   .denoise = config.denoise,
                   .observe = hooks.observe,
                   .progress = hooks.progress});
}

Tensor to_unit(const Tensor& x, Range range) {
  const NoGrad no_grad;
  return range == Range::centered ? affine(x, 0.5, 0.5) : x;
}

Index zoom_for(const Shape& item) { return std::max<Index>(1, 32 / std::max(item[0], item[1])); }

}  // namespace ito
