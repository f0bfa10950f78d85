// ito bench-posterior

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/control/posterior_bench.h"
#include "diffusion/control/restoration.h"
#include "diffusion/plot/figure.h"
#include "diffusion/score.h"
#include "diffusion/sde/vp.h"
#include "engine/file.h"

namespace ito::cli {
namespace {

struct BenchArguments {
  std::string out, plot;
  std::vector<Index> dimensions = {2, 16, 64}, steps = {50, 200};
  Index samples = 500, threads = 0;
  std::uint64_t seed = 0;
  bool overwrite = false;
};

constexpr const char* bench_methods[] = {"projection", "perturbed", "pigdm", "dps"};
constexpr const char* posterior_bench_samplers[] = {"euler_maruyama", "ancestral"};

/// One line of the result.
struct Entry {
  std::string method, sampler;
  Index evaluations = 0;
  PosteriorErrors errors{};
  double seconds = 0;
};

Entry measure_one(const BenchArguments& a, const PosteriorProblem& problem,
                  const std::string& method, const std::string& sampler, Index steps) {
  const VpSde sde;
  Entry entry{method, sampler};
  SamplingConfig config;
  config.predictor = sampler;
  config.steps = steps;
  const Tensor y = broadcast_to(problem.y, batch_shape(a.samples, problem.A->range()));
  const auto began = std::chrono::steady_clock::now();
  const Samples samples =
      restore(sde, counted(problem.distribution.score(sde), entry.evaluations),
              {*problem.A, y, problem.noise_std}, {.method = restoration_method_named(method)},
              config, {.seed = a.seed, .count = a.samples, .batch = a.samples});
  entry.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  entry.errors = compare_with(problem.posterior, samples.x, a.seed + 1);
  return entry;
}

/// What exact samples would show: the sampling error of every column.
Entry noise_floor(const BenchArguments& a, const PosteriorProblem& problem) {
  Entry entry{"exact", "-"};
  entry.errors = compare_with(
      problem.posterior, problem.posterior.sample(a.samples, {.seed = a.seed + 2}), a.seed + 1);
  return entry;
}

constexpr plot::Color method_colors[] = {
    {0.12, 0.38, 0.65}, {0.85, 0.37, 0.05}, {0.17, 0.55, 0.22}, {0.55, 0.27, 0.60}};
constexpr plot::Marker method_markers[] = {plot::Marker::circle, plot::Marker::square,
                                           plot::Marker::triangle, plot::Marker::diamond};

/// The look of a method's line: a colour and a mark for the method, dashes for the second sampler.
plot::Line line_of(const Entry& e) {
  const auto method = static_cast<std::size_t>(std::ranges::find(bench_methods, e.method) -
                                               std::begin(bench_methods));
  return {.name = e.method + ", " + e.sampler,
          .group = "",
          .color = method_colors[method],
          .marker = method_markers[method],
          .dashed = e.sampler != posterior_bench_samplers[0],
          .x = {},
          .y = {}};
}

/// The result as a table for people, as CSV and as a figure.
class Table {
 public:
  Table() {
    csv_ << "dimension,prior,operator,method,sampler,evaluations,mean_error,covariance_error,"
            "sliced_wasserstein,coverage_50,coverage_90,seconds\n";
  }

  void problem(Index dimension, const PosteriorProblem& p) {
    figure_.panels.push_back(
        {text(dimension, " dimensions, ", p.prior, ", ", p.operation), {}, {}});
    where_ = text(dimension, ",", p.prior, ",", p.operation);
    std::cout
        << "\n"
        << dimension << " dimensions, prior " << p.prior << ", operator " << p.operation << "\n"
        << "method      sampler         evals   mean    cov     SW2  in 50 %  in 90 %  seconds\n";
  }

  void line(const Entry& e) {
    const PosteriorErrors& x = e.errors;
    draw(e);
    csv_ << where_ << "," << e.method << "," << e.sampler << "," << e.evaluations << "," << x.mean
         << "," << x.covariance << "," << x.sliced_wasserstein << "," << x.coverage_50 << ","
         << x.coverage_90 << "," << e.seconds << "\n";
    std::cout << std::left << std::setw(12) << e.method << std::setw(15) << e.sampler << std::right
              << std::setw(6) << e.evaluations << std::fixed << std::setprecision(3) << std::setw(7)
              << x.mean << std::setw(7) << x.covariance << std::setw(8) << x.sliced_wasserstein
              << std::setprecision(1) << std::setw(9) << 100 * x.coverage_50 << std::setw(9)
              << 100 * x.coverage_90 << std::setprecision(2) << std::setw(9) << e.seconds
              << std::endl;
  }

  std::string csv() const { return csv_.str(); }
  const plot::Figure& figure() const { return figure_; }

 private:
  void draw(const Entry& e) {
    plot::Panel& panel = figure_.panels.back();
    if (e.evaluations == 0) {
      panel.levels.push_back({e.errors.mean, "exact samples"});
      return;
    }
    const plot::Line wanted = line_of(e);
    if (panel.lines.empty() || panel.lines.back().name != wanted.name)
      panel.lines.push_back(wanted);
    panel.lines.back().x.push_back(static_cast<double>(e.evaluations));
    panel.lines.back().y.push_back(e.errors.mean);
  }

  plot::Figure figure_ = {.title = "Error of the posterior's mean, by score evaluations",
                          .x_label = "score evaluations",
                          .y_label = "error / spread of the posterior",
                          .log_x = true,
                          .log_y = true,
                          .columns = 2,
                          .panels = {}};
  std::ostringstream csv_;
  std::string where_;
};

void bench_problem(const BenchArguments& a, const PosteriorProblem& problem, Table& table) {
  table.line(noise_floor(a, problem));
  for (const char* method : bench_methods) {
    for (const char* sampler : posterior_bench_samplers) {
      for (const Index steps : a.steps) {
        if (interrupted_by_user()) return;
        table.line(measure_one(a, problem, method, sampler, steps));
      }
    }
  }
}

int bench_posterior(const BenchArguments& a) {
  const Overwrite overwrite = a.overwrite ? Overwrite::yes : Overwrite::no;
  if (!a.out.empty()) check_writable(a.out, overwrite);
  if (!a.plot.empty() && !plot::can_draw())
    throw UsageError("--plot: this program was built without cairo (Debian: libcairo2-dev)");
  if (!a.plot.empty()) check_writable(a.plot, overwrite);
  use_threads(a.threads);
  catch_interrupts();
  Table table;
  for (const Index dimension : a.dimensions) {
    for (const PosteriorProblem& problem : posterior_problems(dimension, a.seed)) {
      if (interrupted_by_user()) break;
      table.problem(dimension, problem);
      bench_problem(a, problem, table);
    }
  }
  if (interrupted_by_user()) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  if (!a.out.empty()) write_file(a.out, table.csv(), overwrite);
  if (!a.plot.empty()) plot::write_figure(a.plot, table.figure(), overwrite);
  return Exit::ok;
}

}  // namespace

void add_bench_posterior(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand("bench-posterior",
                                         "Methods for inverse problems against exact posteriors");
  auto a = std::make_shared<BenchArguments>();
  command->add_option("--out", a->out, "The table as CSV");
  command->add_option("--plot", a->plot, "The error of the mean against evaluations, as PNG");
  command->add_option("--dimensions", a->dimensions, "Of 2, 16 and 64")->delimiter(',');
  command->add_option("--steps", a->steps, "Steps of the samplers")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--samples", a->samples, "Samples of each posterior")
      ->check(CLI::Range(20, 1 << 20));
  command->add_option("--seed", a->seed, "Seed of the problems and of the noise");
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--overwrite", a->overwrite, "Replace an existing file");
  command->callback([a, &exit] { exit = bench_posterior(*a); });
}

}  // namespace ito::cli
