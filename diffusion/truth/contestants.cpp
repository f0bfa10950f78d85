#include "diffusion/truth/contestants.h"

#include <algorithm>
#include <chrono>

#include "diffusion/samplers/edm.h"
#include "diffusion/samplers/generate.h"
#include "diffusion/score.h"
#include "diffusion/truth/measures.h"

namespace ito {

std::vector<Contestant> contestants() {
  const std::string reverse = "Reverse SDE", flow = "Probability flow",
                    both = "Predictor and corrector", alone = "Corrector alone",
                    chain = "Chain at one time";
  const Spacing by_noise = Spacing::log_snr;
  return {
      {.name = "Euler-Maruyama", .family = reverse, .predictor = "euler_maruyama", .affine = true},
      {.name = "reverse diffusion",
       .family = reverse,
       .predictor = "reverse_diffusion",
       .affine = true},
      {.name = "ancestral", .family = reverse, .predictor = "ancestral", .affine = true},
      {.name = "SRA1",
       .family = reverse,
       .predictor = "sra1",
       .per_step = 2,
       .spared = 1,
       .affine = true},
      {.name = "EDM with churn",
       .family = reverse,
       .predictor = "edm",
       .spacing = Spacing::karras,
       .per_step = 2,
       .spared = 1,
       .affine = true,
       .churn = 0.1},
      {.name = "reverse diffusion (flow)",
       .family = flow,
       .predictor = "reverse_diffusion",
       .flow = true,
       .affine = true},
      {.name = "DDIM", .family = flow, .predictor = "ddim", .spacing = by_noise, .affine = true},
      {.name = "Heun",
       .family = flow,
       .predictor = "heun",
       .spacing = by_noise,
       .per_step = 2,
       .spared = 1,
       .affine = true},
      {.name = "DPM-Solver++ 2",
       .family = flow,
       .predictor = "dpm_solver_2",
       .spacing = by_noise,
       .affine = true},
      {.name = "DPM-Solver++ 3",
       .family = flow,
       .predictor = "dpm_solver_3",
       .spacing = by_noise,
       .affine = true},
      {.name = "EDM",
       .family = flow,
       .predictor = "edm",
       .spacing = Spacing::karras,
       .per_step = 2,
       .spared = 1,
       .affine = true},
      {.name = "Dormand-Prince", .family = flow, .adaptive = true},
      {.name = "reverse diffusion + Langevin",
       .family = both,
       .predictor = "reverse_diffusion",
       .corrector = "langevin",
       .per_step = 2},
      {.name = "reverse diffusion + ALD",
       .family = both,
       .predictor = "reverse_diffusion",
       .corrector = "ald",
       .per_step = 2,
       .affine = true},
      {.name = "ancestral + Langevin",
       .family = both,
       .predictor = "ancestral",
       .corrector = "langevin",
       .per_step = 2},
      {.name = "reverse diffusion + HMC",
       .family = both,
       .predictor = "reverse_diffusion",
       .corrector = "hmc",
       .per_step = 8},
      {.name = "Langevin", .family = alone, .corrector = "langevin"},
      {.name = "annealed Langevin (ALD)", .family = alone, .corrector = "ald", .affine = true},
      {.name = "unadjusted Langevin",
       .family = chain,
       .corrector = "ula",
       .spacing = Spacing::fixed,
       .affine = true},
      {.name = "MALA",
       .family = chain,
       .corrector = "mala",
       .spacing = Spacing::fixed,
       .per_step = 3},
      {.name = "HMC",
       .family = chain,
       .corrector = "hmc",
       .spacing = Spacing::fixed,
       .per_step = 5,
       .leapfrog = 3},
  };
}

namespace {

double smallest_variance(const GaussianMixture& p) {
  double smallest = p.components()[0].variances[0];
  for (const auto& c : p.components())
    smallest = std::min(smallest, *std::ranges::min_element(c.variances));
  return smallest;
}

/// A contestant made ready.
struct Method {
  std::unique_ptr<Predictor> predictor;
  std::unique_ptr<Corrector> corrector;
  PredictorCorrectorOptions options;

  Method(const Contestant& c, const Problem& problem, const Score& score, int steps) {
    const bool chain = c.spacing == Spacing::fixed;
    predictor = c.churn > 0
                    ? std::make_unique<Edm>(problem.sde, score, EdmOptions{.churn = c.churn})
                    : make_predictor(c.predictor, {problem.sde, score, c.flow});
    corrector = make_corrector(
        c.corrector, problem.sde, score, 0.16, LangevinNorms::per_sample,
        {.step_size = chain ? smallest_variance(problem.target.p) / 5 : 0, .leapfrog = c.leapfrog});
    options = {.steps = steps, .eps = problem.eps, .spacing = c.spacing};
  }
};

Draw draw_by_ode(const Problem& problem, double tolerance, const SampleRange& range,
                 const std::function<bool()>& go_on) {
  FlowOptions options{.eps = problem.eps};
  options.ode.rtol = options.ode.atol = tolerance;
  options.ode.progress = [&](double) { return go_on(); };
  const FlowSamples flow = generate_flow(problem.sde, problem.target.p.score(problem.sde),
                                         {problem.target.p.dimension()}, range, options);
  double evaluations = 0;
  for (const OdePath& path : flow.paths) evaluations += static_cast<double>(path.evaluations);
  return {flow.x, 1 + evaluations / static_cast<double>(range.count), 0, flow.complete};
}

Draw draw_by_steps(const Contestant& contestant, const Problem& problem, int steps,
                   const SampleRange& range, const std::function<bool()>& go_on) {
  Index calls = 0;
  Method method(contestant, problem, counted(problem.target.p.score(problem.sde), calls), steps);
  method.options.progress = [&](int, int) { return go_on(); };
  const Samples samples = generate(problem.sde, method.predictor.get(), method.corrector.get(),
                                   {problem.target.p.dimension()}, range, method.options);
  return {samples.x, static_cast<double>(calls), 0, samples.complete};
}

}  // namespace

Draw draw_from(const Contestant& contestant, const Problem& problem, int steps, double tolerance,
               Index N, std::uint64_t seed, const std::function<bool()>& go_on) {
  const SampleRange range = {.seed = seed, .first = 0, .count = N, .batch = N};
  const auto begin = std::chrono::steady_clock::now();
  Draw draw = contestant.adaptive ? draw_by_ode(problem, tolerance, range, go_on)
                                  : draw_by_steps(contestant, problem, steps, range, go_on);
  draw.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return draw;
}

double affine_kl(const Contestant& contestant, const Problem& problem, int steps) {
  const Method method(contestant, problem, problem.target.p.score(problem.sde), steps);
  const Index D = problem.target.p.dimension();
  const auto run = [&](const NoiseSource& noise) {
    return predictor_corrector(problem.sde, method.predictor.get(), method.corrector.get(), noise,
                               method.options)
        .x.to_host();
  };
  Index draws = 0;
  const std::vector<Real> mean = run([&](Purpose, std::uint32_t, std::uint32_t) {
    ++draws;
    return Tensor::zeros({1, D});
  });
  Index next = 0;  // row j is 1 in draw j and 0 in the others
  const std::vector<Real> rows = run([&](Purpose, std::uint32_t, std::uint32_t) {
    std::vector<Real> z(static_cast<std::size_t>(draws * D), 0);
    std::fill_n(z.begin() + next++ * D, D, Real(1));
    return Tensor({draws, D}, z);
  });
  std::vector<double> at(mean.begin(), mean.end()), variances(mean.size(), 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double response = static_cast<double>(rows[i]) - at[i % at.size()];
    variances[i % at.size()] += response * response;
  }
  const auto& truth = problem.target.p.components()[0];
  return gaussian_kl(at, variances, truth.mean, truth.variances);
}

}  // namespace ito
