// ito likelihood

#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/cli/run_images.h"
#include "diffusion/likelihood/bits_per_dim.h"
#include "kernels/convolution.h"

namespace ito::cli {
namespace {

using nlohmann::json;

struct LikelihoodArguments {
  std::string run, data = "held-out", json;
  Index n = 64, threads = 0;
  LikelihoodOptions options = {.draws = 2};
  double tolerance = 1e-5;
  bool gaussian = false, exact = false, raw = false, overwrite = false;
};

json to_json(const LikelihoodArguments& a, const BitsPerDim& bits, Index step) {
  json errors = {{"total", bits.errors.total}};
  const auto add = [&](const char* name, const std::optional<double>& error) {
    errors[name] = error ? json(*error) : json(nullptr);
  };
  add("data", bits.errors.data);
  add("dequantization", bits.errors.dequantization);
  add("probe", bits.errors.probe);
  add("solver", bits.errors.solver);
  return {{"bits_per_dim", bits.mean},
          {"standard_errors", errors},
          {"offset", bits.offset},
          {"images", bits.per_image.size()},
          {"draws", a.options.draws},
          {"probes", a.options.probes},
          {"probe_type", a.gaussian ? "gaussian" : "rademacher"},
          {"eps", a.options.eps},
          {"tolerance", a.tolerance},
          {"evaluations", bits.evaluations},
          {"step", step},
          {"seed", a.options.seed},
          {"per_image", bits.per_image}};
}

void tell(const LikelihoodArguments& a, const BitsPerDim& bits, const ImageSet& set) {
  std::cout << std::setprecision(4) << bits.mean << " +- " << std::setprecision(2)
            << bits.errors.total << " bits/dim, the mean and standard error of "
            << bits.per_image.size() << (bits.per_image.size() == 1 ? " image\n" : " images\n");
  const auto part = [](const char* name, const std::optional<double>& error) {
    std::cout << "  " << std::left << std::setw(16) << name;
    if (error)
      std::cout << "+- " << *error << "\n";
    else
      std::cout << "not told apart with so few draws\n";
  };
  part("data", bits.errors.data);
  part("dequantization", bits.errors.dequantization);
  if (a.options.probes > 0) part("probes", bits.errors.probe);
  part("solver", bits.errors.solver);
  std::cout << std::setprecision(4) << "offset " << bits.offset << " bits/dim for " << set.levels
            << " levels, added to -log2 p / D of the scaled data\n"
            << "density at eps = " << a.options.eps << ", the SDE's prior at T; "
            << bits.evaluations << " evaluations an image and draw" << std::endl;
}

int likelihood(LikelihoodArguments a) {
  const Overwrite overwrite = a.overwrite ? Overwrite::yes : Overwrite::no;
  if (!a.json.empty()) check_writable(a.json, overwrite);
  use_threads(a.threads);
  const TrainedModel model(read_checkpoint(checkpoint_of(a.run)),
                           a.raw ? Weights::raw : Weights::averaged);
  kernels::set_convolution_mode(model.config().convolution);
  const ImageSet set = images_of("likelihood", a.run, a.data, model);
  a.options.probe_type = a.gaussian ? ProbeType::gaussian : ProbeType::rademacher;
  if (a.exact) a.options.probes = 0;
  a.options.ode.rtol = a.options.ode.atol = a.tolerance;
  catch_interrupts();
  BitsPerDim bits;
  {
    Progress progress("likelihood", 1000);
    a.options.progress = [&](double done) {
      progress.update(static_cast<Index>(1000 * done), "");
      return !interrupted_by_user();
    };
    bits = bits_per_dim(model.sde(), model.score(), set, std::min(a.n, set.count),
                        model.config().data.range, a.options);
  }
  if (!bits.complete) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  if (!a.json.empty()) write_file(a.json, to_json(a, bits, model.step()).dump(2) + "\n", overwrite);
  tell(a, bits, set);
  return Exit::ok;
}

}  // namespace

void add_likelihood(CLI::App& app, int& exit) {
  CLI::App* command =
      app.add_subcommand("likelihood", "Bits per dimension of images under a trained network");
  auto a = std::make_shared<LikelihoodArguments>();
  command->add_option("--run", a->run, "Folder of a run, or a checkpoint")->required();
  command->add_option("--data", a->data, "held-out, train, or another data set");
  command->add_option("--n", a->n, "Images, the first of the set")->check(CLI::Range(1, 1 << 24));
  command->add_option("--draws", a->options.draws, "Of the uniform dequantization, per image")
      ->check(CLI::Range(1, 1 << 12));
  command->add_option("--probes", a->options.probes, "Of the divergence, per draw")
      ->check(CLI::Range(1, 1 << 12));
  command->add_flag("--gaussian", a->gaussian, "Gaussian probes instead of -1 and +1");
  command->add_flag("--exact", a->exact, "The exact divergence: D times the work of a probe");
  command->add_option("--eps", a->options.eps, "Time of the data");
  command->add_option("--tolerance", a->tolerance, "Of the solver, relative and absolute");
  command->add_option("--seed", a->options.seed, "Seed of dequantization and probes");
  command->add_option("--batch", a->options.batch, "Images computed at once")
      ->check(CLI::Range(1, 1 << 16));
  command->add_flag("--no-ema", a->raw, "The last weights instead of their average");
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_option("--json", a->json, "Write the numbers to this file too");
  command->add_flag("--overwrite", a->overwrite, "Replace an existing file");
  command->callback([a, &exit] { exit = likelihood(*a); });
}

}  // namespace ito::cli
