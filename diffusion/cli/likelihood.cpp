// ito likelihood

#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "diffusion/cli/command.h"
#include "diffusion/cli/device.h"
#include "diffusion/cli/images.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/likelihood_bound.h"
#include "diffusion/cli/progress.h"
#include "diffusion/likelihood/bits_per_dim.h"
#include "diffusion/training/trained_model.h"
#include "kernels/convolution.h"

namespace ito::cli {
namespace {

using nlohmann::json;

struct LikelihoodArguments {
  std::string run, data = "held-out", method = "flow", json;
  Index n = 64, threads = 0;
  LikelihoodOptions options = {.draws = 2};
  BoundArguments bound;
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
          {"prior_gap_at_most", bits.prior_gap},
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
  tell_error("data", bits.errors.data, a.options.draws > 1 ? "--n 2" : "--draws 2");
  tell_error("dequantization", bits.errors.dequantization, "--draws 2");
  if (a.options.probes > 0) tell_error("probes", bits.errors.probe, "--probes 2");
  tell_error("solver", bits.errors.solver, "");
  std::cout << std::setprecision(4) << "offset " << bits.offset << " bits/dim for " << set.levels
            << " levels, added to -log2 p / D of the scaled data\n"
            << "density at eps = " << a.options.eps
            << "; the SDE's prior stands for p_T, which costs " << bits.prior_gap
            << " bits/dim at most\n"
            << bits.evaluations << " evaluations an image and draw" << std::endl;
}

int likelihood_by_flow(LikelihoodArguments a, const TrainedModel& model, const ImageSet& set,
                       Overwrite overwrite) {
  model.check_eps(a.options.eps);
  a.options.probe_type = a.gaussian ? ProbeType::gaussian : ProbeType::rademacher;
  if (a.exact) a.options.probes = 0;
  a.options.ode.rtol = a.options.ode.atol = a.tolerance;
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

int likelihood(LikelihoodArguments a) {
  const Overwrite overwrite = a.overwrite ? Overwrite::yes : Overwrite::no;
  if (!a.json.empty()) check_writable(a.json, overwrite);
  use_threads(a.threads);
  const TrainedModel model(read_checkpoint(checkpoint_of(a.run)),
                           a.raw ? Weights::raw : Weights::averaged, a.options.device);
  kernels::set_convolution_mode(model.config().convolution);
  const ImageSet set = images_for(model, a.run, a.data);
  catch_interrupts();
  if (a.method == "flow") return likelihood_by_flow(a, model, set, overwrite);
  a.bound.options.draws = a.options.draws;
  a.bound.options.seed = a.options.seed;
  a.bound.options.batch = a.options.batch;
  a.bound.options.device = a.options.device;
  return likelihood_bound(model, set, a.n, a.bound, a.json, overwrite);
}

/// Options of one method mean nothing to the other.
void check_method(const CLI::App& command, const std::string& method) {
  const bool flow = method == "flow";
  if (!flow && method != "elbo")
    throw UsageError("--method: expected flow or elbo, got " + printable(method));
  const std::vector<const char*> others =
      flow ? std::vector<const char*>{"--variance", "--steps"}
           : std::vector<const char*>{"--probes", "--gaussian", "--exact", "--eps", "--tolerance"};
  for (const char* name : others)
    if (command.count(name) > 0)
      throw UsageError(text(name, " is for --method ", flow ? "elbo" : "flow"));
}

}  // namespace

void add_likelihood(CLI::App& app, int& exit) {
  CLI::App* command =
      app.add_subcommand("likelihood", "Bits per dimension of images under a trained network");
  auto a = std::make_shared<LikelihoodArguments>();
  command->add_option("--run", a->run, "Folder of a run, or a checkpoint")->required();
  command->add_option("--data", a->data, "held-out, train, or another data set");
  command->add_option("--method", a->method,
                      "flow: the density of the probability flow; elbo: the variational bound of "
                      "DDPM's discrete chain");
  command->add_option("--n", a->n, "Images, the first of the set")->check(CLI::Range(1, 1 << 24));
  command
      ->add_option("--draws", a->options.draws,
                   "Of the uniform dequantization (elbo: of the noise), per image")
      ->check(CLI::Range(1, 1 << 12));
  command->add_option("--probes", a->options.probes, "Of the divergence, per draw")
      ->check(CLI::Range(1, 1 << 12));
  command->add_flag("--gaussian", a->gaussian, "Gaussian probes instead of -1 and +1");
  command->add_flag("--exact", a->exact, "The exact divergence: D times the work of a probe");
  command->add_option("--eps", a->options.eps, "Time of the data");
  command->add_option("--tolerance", a->tolerance, "Of the solver, relative and absolute");
  command->add_option("--variance", a->bound.variance,
                      "elbo: of the reverse steps, posterior or beta");
  command->add_option("--steps", a->bound.steps, "elbo: of the chain; the model's")
      ->check(CLI::Range(1, 1000000));
  command->add_option("--seed", a->options.seed, "Seed of everything random");
  command->add_option("--batch", a->options.batch, "Images computed at once")
      ->check(CLI::Range(1, 1 << 16));
  command->add_flag("--no-ema", a->raw, "The last weights instead of their average");
  add_device(*command, a->options.device);
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_option("--json", a->json, "Write the numbers to this file too");
  command->add_flag("--overwrite", a->overwrite, "Replace an existing file");
  command->callback([a, command, &exit] {
    check_method(*command, a->method);
    exit = likelihood(*a);
  });
}

}  // namespace ito::cli
