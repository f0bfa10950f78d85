// ito bench-samplers

#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/truth/figures.h"
#include "diffusion/truth/report.h"

namespace ito::cli {
namespace {

struct BenchSamplersArguments {
  std::string out;
  std::vector<std::string> sdes;
  BenchOptions options;
  Index threads = 0;
  bool quick = false, overwrite = false;

  Overwrite replace() const { return overwrite ? Overwrite::yes : Overwrite::no; }
  std::string file(const char* name) const { return out + "/" + name; }
};

constexpr const char* bench_files[] = {"samplers.csv", "claims.csv"};
constexpr const char* bench_figures[] = {"sliced_w2.png", "kl.png"};

void check_bench_output(const BenchSamplersArguments& a) {
  create_folders(a.out);
  for (const char* name : bench_files) check_writable(a.file(name), a.replace());
  if (!plot::can_draw()) return;
  for (const char* name : bench_figures) check_writable(a.file(name), a.replace());
}

BenchResult run_bench(const BenchOptions& given) {
  BenchOptions options = given;
  Progress progress("benching", 1000);
  options.progress = [&](Index done, Index total, const std::string& next) {
    progress.update(1000 * done / total, next);
    return !interrupted_by_user();
  };
  return bench_samplers(options);
}

void write_bench(const BenchSamplersArguments& a, const BenchResult& result,
                 const std::vector<Finding>& findings) {
  write_file(a.file("samplers.csv"), bench_csv(result), a.replace());
  write_file(a.file("claims.csv"), claims_csv(findings), a.replace());
  for (const char* name : bench_files) std::cout << a.file(name) << "\n";
  if (!plot::can_draw()) {
    std::cout << "no pictures: this program was built without cairo (Debian: libcairo2-dev)\n";
    return;
  }
  plot::write_figure(a.file("sliced_w2.png"), wasserstein_figure(result), a.replace());
  plot::write_figure(a.file("kl.png"), kl_figure(result), a.replace());
  for (const char* name : bench_figures) std::cout << a.file(name) << "\n";
}

BenchOptions options_of(const BenchSamplersArguments& a) {
  BenchOptions options = a.quick ? quick_bench() : a.options;
  options.seed = a.options.seed;
  if (!a.sdes.empty()) options.sdes = a.sdes;
  try {
    for (const std::string& name : options.sdes) bench_sde(name);
  } catch (const Error& e) {
    throw UsageError(e.what());
  }
  return options;
}

int bench(BenchSamplersArguments a) {
  a.options = options_of(a);
  check_bench_output(a);
  use_threads(a.threads);
  catch_interrupts();
  const BenchResult result = run_bench(a.options);
  if (!result.complete) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  const std::vector<Finding> findings = weigh_claims(result);
  std::cout << bench_table(result, a.options.budgets) << claims_table(findings) << "\n";
  write_bench(a, result, findings);
  std::cout << std::flush;
  return Exit::ok;
}

}  // namespace

void add_bench_samplers(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "bench-samplers", "Every sampler against distributions whose scores are known exactly");
  auto a = std::make_shared<BenchSamplersArguments>();
  command->add_option("--out", a->out, "Folder for samplers.csv, claims.csv and the pictures")
      ->required();
  CLI::Option* quick = command->add_flag("--quick", a->quick, "A subset, in less than a minute");
  command->add_option("--sde", a->sdes, "ve, vp, subvp or several of them; all")
      ->type_name("NAME ...");
  command->add_option("--samples", a->options.samples, "Of a repeat")
      ->check(CLI::Range(10, 1 << 20))
      ->excludes(quick);
  command->add_option("--repeats", a->options.repeats, "With other noise")
      ->check(CLI::Range(2, 1 << 10))
      ->excludes(quick);
  command->add_option("--seed", a->options.seed, "Seed of the noise");
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--overwrite", a->overwrite, "Replace existing files");
  command->callback([a, &exit] { exit = bench(*a); });
}

}  // namespace ito::cli
