#include "diffusion/soft/soft_samplers.h"

#include "diffusion/soft/ddim_sampler.h"
#include "diffusion/soft/momentum_sampler.h"
#include "diffusion/soft/naive_sampler.h"
#include "diffusion/soft/soft_predictor_corrector.h"
#include "engine/autograd.h"

namespace ito {

const std::vector<std::string>& soft_sampler_names() {
  static const std::vector<std::string> names = {"naive", "momentum", "momentum_flow", "ddim",
                                                 "ddim_flow"};
  return names;
}

std::unique_ptr<Predictor> make_soft_sampler(const std::string& name,
                                             const SoftDiffusion& diffusion, const Denoiser& h,
                                             double k) {
  if (name == "naive") return std::make_unique<NaiveSampler>(diffusion, h);
  if (name == "momentum") return std::make_unique<MomentumSampler>(diffusion, h);
  if (name == "momentum_flow") return std::make_unique<MomentumSampler>(diffusion, h, true);
  if (name == "ddim") return std::make_unique<SoftDdim>(diffusion, h, k);
  if (name == "ddim_flow") return std::make_unique<SoftPredictorCorrector>(diffusion, h, k);
  fail("sampler",
       "expected the predictor naive, momentum, momentum_flow, ddim or ddim_flow of a soft "
       "diffusion, got ",
       name);
}

Samples soft_sample(const Predictor& sampler, const Denoiser& h, const Tensor& x_1,
                    const NoiseSource& noise, const SoftSamplingOptions& options) {
  const NoGrad no_grad;
  if (options.steps < 2) fail("sampler", "expected at least 2 steps, got ", options.steps);
  if (!(options.eps >= 0 && options.eps < 1))
    fail("sampler", "expected 0 <= eps < 1, got eps = ", options.eps);
  const int last = options.steps - 1;
  const auto time = [&](int k) {
    return k == last ? options.eps : 1 + (options.eps - 1) * k / last;
  };
  const auto N = static_cast<std::size_t>(x_1.size(0));
  Update state = {x_1, x_1};
  for (int k = 0; k <= last; ++k) {
    const Times t(N, time(k));
    if (options.observe) options.observe({k, t[0], Purpose::predictor, state});
    const auto step = static_cast<std::uint32_t>(k);
    if (k < last)
      state = sampler.step(state.x, t, Times(N, time(k + 1)), noise(Purpose::predictor, step, 0));
    else if (options.denoise)
      state.x = h(state.x, t);
    const bool go_on = !options.progress || options.progress(k + 1, options.steps);
    if (!go_on && k < last) return {state.x, false};
  }
  return {state.x, true};
}

}  // namespace ito
