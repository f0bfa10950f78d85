#include "diffusion/samplers/predictor_corrector.h"

#include <cmath>

#include "diffusion/samplers/denoised.h"
#include "engine/autograd.h"

namespace ito {

Spacing spacing_named(const std::string& name) {
  if (name == "time") return Spacing::time;
  if (name == "log_snr") return Spacing::log_snr;
  if (name == "karras") return Spacing::karras;
  if (name == "fixed") return Spacing::fixed;
  fail("sampler", "expected the grid time, log_snr, karras or fixed, got ", name);
}

namespace {

/// Time k of 0 to `last_k`, from T to eps.
double time_at(const Sde& sde, double eps, int k, int last_k, Spacing spacing) {
  if (spacing == Spacing::time) return sde.T() + (eps - sde.T()) * k / last_k;
  const double u = static_cast<double>(k) / last_k;
  const double first = noise_level(sde, sde.T()), last = noise_level(sde, eps);
  if (spacing == Spacing::log_snr) return time_of_level(sde, first * std::pow(last / first, u));
  const double rho = 7, a = std::pow(first, 1 / rho), b = std::pow(last, 1 / rho);
  return time_of_level(sde, std::pow(a + u * (b - a), rho));
}

}  // namespace

Times time_grid(const Sde& sde, int steps, double eps, Spacing spacing) {
  if (steps < 1) fail("sampler", "expected at least 1 step, got ", steps);
  if (!(eps > 0 && eps < sde.T()))
    fail("sampler", "expected 0 < eps < ", sde.T(), ", got eps = ", eps);
  if (spacing == Spacing::fixed) return Times(static_cast<std::size_t>(steps), eps);
  Times grid;
  for (int k = 0; k < steps; ++k) grid.push_back(time_at(sde, eps, k, steps - 1, spacing));
  grid.front() = sde.T();  // also of a single step
  if (steps > 1) grid.back() = eps;
  return grid;
}

namespace {

/// The loop's state and what it works with.
struct PcChain {
  const Predictor* predictor;
  const Corrector* corrector;
  const NoiseSource& noise;
  const PredictorCorrectorOptions& options;
  Update state = {};

  void start(double std) {
    const Tensor z = noise(Purpose::prior, 0, 0);
    state.x = z * std;
    if (options.constraint) state.x = options.constraint->start(state.x, z);
    state.mean = state.x;
  }

  void observe(int k, double t, Purpose stage) const {
    if (options.observe) options.observe({k, t, stage, state});
  }

  /// `sub` 0 after the corrector, 1 after the predictor: the same address gives the same draw.
  void constrain(std::uint32_t step, std::uint32_t sub, const Times& t, const Times& s) {
    if (!options.constraint) return;
    state = options.constraint->apply(state, t, s, noise(Purpose::known_part, step, sub));
  }

  void correct(std::uint32_t step, const Times& t) {
    const int iterations = corrector ? options.corrector_steps : 0;
    for (int j = 0; j < iterations; ++j) {
      state = corrector->correct(state.x, t, [&](Purpose purpose) {
        return noise(purpose, step, static_cast<std::uint32_t>(j));
      });
      const bool last = j + 1 == iterations;
      if (!last && options.constraint && options.constraint->every_iteration())
        constrain(step, 0, t, t);
    }
    if (corrector) observe(static_cast<int>(step), t.at(0), Purpose::corrector);
    constrain(step, 0, t, t);
  }

  void predict(std::uint32_t step, const Times& t, const Times& s) {
    state.mean = state.x;  // what the absent predictor returns
    if (predictor)
      state = predictor->advance(
          state.x, t, s, [&](std::uint32_t draw) { return noise(Purpose::predictor, step, draw); });
    observe(static_cast<int>(step), t.at(0), Purpose::predictor);
    constrain(step, 1, t, s);
  }
};

}  // namespace

Samples predictor_corrector(const Sde& sde, const Predictor* predictor, const Corrector* corrector,
                            const NoiseSource& noise, const PredictorCorrectorOptions& options) {
  NoGrad no_grad;
  Times grid = time_grid(sde, options.steps, options.eps, options.spacing);
  const bool at_one_time = options.spacing == Spacing::fixed;
  if (at_one_time && predictor)
    fail("sampler", "on the fixed grid time does not pass: expected no predictor");
  PcChain chain{predictor, corrector, noise, options};
  chain.start(at_one_time ? 1 : sde.prior_std());
  auto N = static_cast<std::size_t>(chain.state.x.size(0));
  bool complete = true;
  for (int k = 0; k < options.steps && complete; ++k) {
    auto step = static_cast<std::uint32_t>(k);
    Times t(N, grid[step]), s(N, k + 1 < options.steps ? grid[step + 1] : 0);
    chain.correct(step, t);
    chain.predict(step, t, s);
    if (options.progress && !options.progress(k + 1, options.steps))
      complete = k + 1 == options.steps;
  }
  return {options.denoise ? chain.state.mean : chain.state.x, complete};
}

}  // namespace ito
