#include "diffusion/truth/bench.h"

#include <algorithm>
#include <cmath>

#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "diffusion/truth/measures.h"

namespace ito {

BenchOptions quick_bench() {
  return {.budgets = {8, 16, 32, 64}, .samples = 400, .repeats = 4, .sdes = {"ve", "vp"}};
}

Estimate estimate(const Repeats& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, values.size() > 1 ? std::sqrt(squares / (n - 1) / n) : 0};
}

const BenchPoint* BenchResult::find(const std::string& target, const std::string& sde,
                                    const std::string& sampler, int budget) const {
  for (const BenchPoint& p : points)
    if (p.target == target && p.sde == sde && p.sampler.name == sampler && p.budget == budget)
      return &p;
  return nullptr;
}

const Measured& BenchResult::floor(const std::string& target) const {
  for (const auto& [name, floor] : floors)
    if (name == target) return floor;
  fail("bench", "no floor of ", target);
}

std::vector<std::pair<std::string, std::string>> BenchResult::problems() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const BenchPoint& p : points)
    if (std::ranges::find(all, std::pair(p.target, p.sde)) == all.end())
      all.emplace_back(p.target, p.sde);
  return all;
}

std::vector<std::vector<const BenchPoint*>> BenchResult::by_sampler(const std::string& target,
                                                                    const std::string& sde) const {
  std::vector<std::vector<const BenchPoint*>> samplers;
  for (const BenchPoint& p : points) {
    if (p.target != target || p.sde != sde) continue;
    if (samplers.empty() || samplers.back()[0]->sampler.name != p.sampler.name)
      samplers.emplace_back();
    samplers.back().push_back(&p);
  }
  return samplers;
}

BenchSde bench_sde(const std::string& name) {
  if (name == "vp") return {std::make_unique<VpSde>(), 1e-3};
  if (name == "subvp") return {std::make_unique<SubVpSde>(), 1e-3};
  if (name == "ve") return {std::make_unique<VeSde>(0.01, 10), 1e-5};
  fail("bench", "expected the SDE vp, subvp or ve, got ", name);
}

namespace {

/// The adaptive ODE has no steps to count: the k-th budget stands for the k-th of these.
constexpr double first_tolerance = 0.1, tolerance_ratio = 0.1;

/// Exact samples of repeat r: `set` 0 to compare with, 1 to see how far exact samples are.
Tensor truth_samples(const Target& target, const BenchOptions& options, Index r,
                     std::uint32_t set) {
  return target.p.sample(options.samples, {.seed = options.seed,
                                           .purpose = Purpose::noise,
                                           .step = set,
                                           .first_image = r * options.samples});
}

Measured measure(const Target& target, const Tensor& x, const BenchOptions& options) {
  Measured measured;
  for (Index r = 0; r < options.repeats; ++r) {
    const Tensor part = slice(x, 0, r * options.samples, (r + 1) * options.samples);
    const ModeFit fit = fit_modes(target.p, part);
    measured.kl.push_back(mode_fit_kl(target.p, fit));
    measured.weight_error.push_back(weight_error(target.p, fit));
    measured.wasserstein.push_back(sliced_wasserstein(part, truth_samples(target, options, r, 0)));
  }
  return measured;
}

Measured floor_of(const Target& target, const BenchOptions& options) {
  std::vector<Tensor> parts;
  for (Index r = 0; r < options.repeats; ++r) parts.push_back(truth_samples(target, options, r, 1));
  return measure(target, concat(parts, 0), options);
}

void check(const BenchOptions& options) {
  if (options.budgets.empty() || options.sdes.empty() || options.samples < 10 ||
      options.repeats < 2)
    fail("bench", "expected budgets, SDEs, at least 10 samples and 2 repeats, got ",
         options.budgets.size(), ", ", options.sdes.size(), ", ", options.samples, " and ",
         options.repeats);
}

/// Runs the parts of the bench one after another.
class Bench {
 public:
  explicit Bench(const BenchOptions& options) : options_(options), samplers_(contestants()) {}

  BenchResult run() {
    const std::vector<Target> targets = truth_targets();
    total_ = static_cast<Index>(targets.size() * options_.sdes.size() * samplers_.size() *
                                options_.budgets.size());
    for (const Target& target : targets) {
      result_.floors.emplace_back(target.name, floor_of(target, options_));
      for (const std::string& name : options_.sdes) {
        const BenchSde sde = bench_sde(name);
        for (const Contestant& sampler : samplers_)
          all_budgets({target, *sde.sde, sde.eps}, sampler);
      }
    }
    return std::move(result_);
  }

 private:
  bool go_on(const std::string& what) {
    if (options_.progress && !options_.progress(done_, total_, what)) result_.complete = false;
    return result_.complete;
  }

  void all_budgets(const Problem& problem, const Contestant& sampler) {
    const auto& [target, sde, eps] = problem;
    const std::string what = target.name + " " + sde.name() + " " + sampler.name;
    for (std::size_t i = 0; i < options_.budgets.size(); ++i, ++done_) {
      const int budget = options_.budgets[i];
      const int steps = sampler.adaptive ? 0 : sampler.steps_within(budget);
      if (!go_on(what) || (!sampler.adaptive && steps < 1)) continue;
      const double tolerance = first_tolerance * std::pow(tolerance_ratio, static_cast<double>(i));
      const Draw draw =
          draw_from(sampler, problem, steps, tolerance, options_.samples * options_.repeats,
                    options_.seed, [&] { return go_on(what); });
      if (!draw.complete) return;
      BenchPoint point{.target = target.name,
                       .sde = sde.name(),
                       .sampler = sampler,
                       .budget = budget,
                       .steps = steps,
                       .evaluations = draw.evaluations,
                       .seconds = draw.seconds,
                       .measured = measure(target, draw.x, options_)};
      if (sampler.affine && target.is_gaussian()) {
        point.measured.exact_kl = true;
        point.measured.kl.assign(point.measured.kl.size(), affine_kl(sampler, problem, steps));
      }
      result_.points.push_back(std::move(point));
    }
  }

  const BenchOptions& options_;
  std::vector<Contestant> samplers_;
  BenchResult result_;
  Index done_ = 0, total_ = 0;
};

}  // namespace

BenchResult bench_samplers(const BenchOptions& options) {
  check(options);
  return Bench(options).run();
}

}  // namespace ito
