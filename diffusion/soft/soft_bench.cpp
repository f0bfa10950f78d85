#include "diffusion/soft/soft_bench.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <numeric>
#include <sstream>

#include "diffusion/soft/dense.h"
#include "diffusion/soft/schedule.h"

namespace ito {

namespace {

struct SoftContestant {
  const char *name, *sampler;
  double k;
  int evaluations_a_step;
  plot::Color color;
};

constexpr SoftContestant soft_contestants[] = {
    {"naive", "naive", 0, 1, {0.55, 0.55, 0.55}},
    {"momentum", "momentum", 0, 1, {0.84, 0.15, 0.16}},
    {"momentum flow", "momentum_flow", 0, 1, {0.12, 0.47, 0.71}},
    {"ddim k=0", "ddim", 0, 1, {0.17, 0.63, 0.17}},
    {"ddim k=0.3", "ddim", 0.3, 1, {0.58, 0.40, 0.74}},
    {"ddim_flow k=0", "ddim_flow", 0, 2, {1.0, 0.50, 0.05}},
    {"ddim_flow k=0.3", "ddim_flow", 0.3, 2, {0.55, 0.34, 0.29}}};

double trace_of(const std::vector<double>& A, std::size_t D) {
  double sum = 0;
  for (std::size_t i = 0; i < D; ++i) sum += A[i * (D + 1)];
  return sum;
}

/// |Cov(out, x_1) - Cov(x at t = 0, x_1)| by both spreads; the noise grows by independent parts.
double joint_error(const SoftDiffusion& diffusion, const GaussianTruth& truth,
                   const std::vector<double>& cross) {
  const std::size_t D = truth.data().mean.size();
  const double sigma_0 = diffusion.sigma(0);
  const dense::Matrix C_0 = corruption_matrix(diffusion, 0),
                      C_1 = dense::transposed(corruption_matrix(diffusion, 1), D);
  dense::Matrix difference = dense::plus_diagonal(
      dense::times(dense::times(C_0, truth.data().covariance, D), C_1, D), sigma_0 * sigma_0, D);
  for (std::size_t i = 0; i < D * D; ++i) difference[i] -= cross[i];
  const double squares =
      std::inner_product(difference.begin(), difference.end(), difference.begin(), 0.0);
  return std::sqrt(squares / trace_of(truth.marginal(0).covariance, D) /
                   trace_of(truth.marginal(1).covariance, D));
}

SoftBenchPoint measure_sampler(const SoftBenchProblem& problem, const GaussianTruth& truth,
                               const Denoiser& h, const SoftContestant& c, int evaluations) {
  const SoftDiffusion& diffusion = problem.diffusion;
  const auto sampler = make_soft_sampler(c.sampler, diffusion, h, c.k);
  const SampledGaussian out = sample_gaussian(
      *sampler, h, truth.marginal(1), diffusion.item(),
      {.steps = evaluations / c.evaluations_a_step + 1, .eps = 0, .denoise = false});
  return {problem.name, c.name, evaluations,
          std::sqrt(frechet_distance(out.result, truth.marginal(0))),
          joint_error(diffusion, truth, out.cross)};
}

}  // namespace

std::vector<SoftBenchProblem> soft_bench_problems(const Shape& item) {
  const auto named = [&](const char* name) {
    return std::shared_ptr<const Corruption>(corruption_named(name, item));
  };
  const auto blur = named("blur"), mask = named("mask"), fading = named("mask:fading"),
             identity = named("identity");
  const NoiseRange noise;
  return {{"blur, noise first", {blur, noise_first_schedule(*blur, noise, 0.2)}},
          {"blur and noise together", {blur, together_schedule(*blur, noise)}},
          {"mask, noise first", {mask, noise_first_schedule(*mask, noise, 0.2)}},
          {"fading mask, noise first", {fading, noise_first_schedule(*fading, noise, 0.2)}},
          {"VE, sigma to 4.8", {identity, together_schedule(*identity, {0.01, 4.8})}}};
}

SoftBench bench_soft(const Gaussian& data, const std::vector<SoftBenchProblem>& problems,
                     const std::vector<int>& evaluations, const StepProgress& progress) {
  SoftBench bench;
  bench.spread = std::sqrt(trace_of(data.covariance, data.mean.size()));
  const auto total =
      static_cast<int>(problems.size() * std::size(soft_contestants) * evaluations.size());
  for (const SoftBenchProblem& problem : problems) {
    const GaussianTruth truth(data, problem.diffusion);
    const Denoiser h = truth.denoiser();
    for (const SoftContestant& c : soft_contestants)
      for (const int n : evaluations) {
        bench.points.push_back(measure_sampler(problem, truth, h, c, n));
        const auto done = static_cast<int>(bench.points.size());
        bench.complete = !progress || progress(done, total) || done == total;
        if (!bench.complete) return bench;
      }
  }
  return bench;
}

namespace {

/// The points of one sampler on one problem, and the next such.
std::vector<std::vector<SoftBenchPoint>> soft_rows(const SoftBench& bench) {
  std::vector<std::vector<SoftBenchPoint>> rows;
  for (const SoftBenchPoint& p : bench.points) {
    if (rows.empty() || rows.back()[0].sampler != p.sampler || rows.back()[0].problem != p.problem)
      rows.emplace_back();
    rows.back().push_back(p);
  }
  return rows;
}

}  // namespace

std::string soft_bench_table(const SoftBench& bench) {
  std::ostringstream out;
  out << "Wasserstein-2 distance to the data by evaluations; the data's spread is "
      << std::setprecision(3) << bench.spread << "\n"
      << std::fixed;
  std::string problem;
  for (const auto& row : soft_rows(bench)) {
    if (row[0].problem != problem) {
      problem = row[0].problem;
      out << "\n" << std::left << std::setw(26) << problem << std::right;
      for (const SoftBenchPoint& p : row) out << std::setw(9) << p.evaluations;
      out << std::setw(10) << "infinite" << std::setw(8) << "joint\n";
    }
    out << std::left << std::setw(26) << "  " + row[0].sampler << std::right
        << std::setprecision(4);
    for (const SoftBenchPoint& p : row) out << std::setw(9) << p.wasserstein;
    const double last = row.back().wasserstein,
                 before = row.size() > 1 ? row[row.size() - 2].wasserstein : last;
    out << std::setw(10) << 2 * last - before << std::setw(7) << std::setprecision(2)
        << row.back().joint << "\n";
  }
  return out.str();
}

std::string soft_bench_csv(const SoftBench& bench) {
  std::ostringstream out;
  out << std::setprecision(8) << "problem,sampler,evaluations,wasserstein,joint_error,spread\n";
  for (const SoftBenchPoint& p : bench.points)
    out << "\"" << p.problem << "\"," << p.sampler << "," << p.evaluations << "," << p.wasserstein
        << "," << p.joint << "," << bench.spread << "\n";
  return out.str();
}

plot::Figure soft_bench_figure(const SoftBench& bench) {
  plot::Figure figure{.title = "Samplers of soft diffusion with the exact conditional mean",
                      .x_label = "evaluations",
                      .y_label = "Wasserstein-2 distance to the data",
                      .log_x = true,
                      .log_y = true,
                      .columns = 3,
                      .panels = {}};
  for (const auto& row : soft_rows(bench)) {
    if (figure.panels.empty() || figure.panels.back().title != row[0].problem)
      figure.panels.push_back({.title = row[0].problem, .lines = {}});
    const auto* c = std::ranges::find_if(
        soft_contestants, [&](const SoftContestant& s) { return row[0].sampler == s.name; });
    plot::Line line{
        .name = c->name, .group = "", .color = c->color, .dashed = c->k > 0, .x = {}, .y = {}};
    for (const SoftBenchPoint& p : row) {
      line.x.push_back(p.evaluations);
      line.y.push_back(p.wasserstein);
    }
    figure.panels.back().lines.push_back(line);
  }
  return figure;
}

}  // namespace ito
