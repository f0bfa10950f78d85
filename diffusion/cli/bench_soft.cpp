// ito bench-soft

#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/data/digits.h"
#include "diffusion/data/open.h"
#include "diffusion/soft/soft_bench.h"
#include "diffusion/soft/soft_prior.h"

namespace ito::cli {
namespace {

struct BenchSoftArguments {
  std::string out;
  std::vector<int> evaluations = {10, 25, 50, 100, 200, 400, 800};
  Index threads = 0;
  bool overwrite = false;

  Overwrite replace() const { return overwrite ? Overwrite::yes : Overwrite::no; }
  std::string table() const { return out + "/soft.csv"; }
  std::string picture() const { return out + "/soft.png"; }
};

/// How far the two priors are from the corrupted digits.
void tell_priors(const std::vector<SoftBenchProblem>& problems, const Tensor& x_0) {
  std::cout
      << "\nWasserstein-2 distance of the prior to p_1: fitted, constant image (p_1's spread)\n";
  for (const SoftBenchProblem& p : problems) {
    const auto error = [&](PriorShape shape) {
      return prior_error(fit_prior(p.diffusion, x_0, shape), p.diffusion, x_0);
    };
    const PriorError fitted = error(PriorShape::fitted), constant = error(PriorShape::constant);
    std::cout << "  " << p.name << ": " << fitted.wasserstein << ", " << constant.wasserstein
              << " (" << fitted.spread << ")\n";
  }
}

int bench_soft_samplers(const BenchSoftArguments& a) {
  create_folders(a.out);
  check_writable(a.table(), a.replace());
  if (plot::can_draw()) check_writable(a.picture(), a.replace());
  use_threads(a.threads);
  catch_interrupts();
  const ImageSet digits = open_images("digits").train;
  const Tensor x_0 = batch(digits, 0, digits.count, Range::unit);
  const std::vector<SoftBenchProblem> problems = soft_bench_problems(digits.item);
  SoftBench bench;
  {
    Progress progress("benching", 1000);
    bench = bench_soft(feature_moments(reshape(x_0, {digits.count, -1})), problems, a.evaluations,
                       [&](int done, int total) {
                         progress.update(Index{1000} * done / total, "");
                         return !interrupted_by_user();
                       });
  }
  if (!bench.complete) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  std::cout << soft_bench_table(bench);
  tell_priors(problems, x_0);
  write_file(a.table(), soft_bench_csv(bench), a.replace());
  std::cout << a.table() << "\n";
  if (plot::can_draw()) {
    plot::write_figure(a.picture(), soft_bench_figure(bench), a.replace());
    std::cout << a.picture() << "\n";
  }
  std::cout << std::flush;
  return Exit::ok;
}

}  // namespace

void add_bench_soft(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "bench-soft",
      "Samplers of soft diffusion on a Gaussian like the digits, without noise of measurement");
  auto a = std::make_shared<BenchSoftArguments>();
  command->add_option("--out", a->out, "Folder for soft.csv and soft.png")->required();
  command->add_option("--evaluations", a->evaluations, "Numbers of evaluations, ascending")
      ->delimiter(',')
      ->check(CLI::Range(2, 1 << 16));
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--overwrite", a->overwrite, "Replace existing files");
  command->callback([a, &exit] { exit = bench_soft_samplers(*a); });
}

}  // namespace ito::cli
