// ito sample

#include <cmath>
#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/flags.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/data/grid.h"
#include "diffusion/data/npy.h"
#include "diffusion/training/sampling.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {
namespace {

struct SampleArguments {
  std::string run, out;
  SampleRange range = {.seed = 0, .first = 0, .count = 64, .batch = 64};
  Index zoom = 0, threads = 0;
  bool raw = false, exact = false, overwrite = false;
  ConfigFlags flags;
};

const std::vector<ConfigFlag> sampling_flags = {
    {"--steps", "steps", "Times of the sampler's grid"},
    {"--sampler", "sampler",
     "pc (predictor and corrector), ode (adaptive probability flow), or a Markov chain at the time "
     "eps: ula, mala, hmc",
     ConfigFlag::Kind::text},
    {"--predictor", "predictor",
     "euler_maruyama, reverse_diffusion, ancestral, sra1, heun, ddim, dpm_solver_2, dpm_solver_3, "
     "edm or none",
     ConfigFlag::Kind::text},
    {"--grid", "grid", "Spacing of the steps: time, log_snr, karras or fixed (at eps)",
     ConfigFlag::Kind::text},
    {"--tolerance", "tolerance", "Of the ode sampler, relative and absolute"},
    {"--corrector", "corrector", "langevin, ald, ula, mala, hmc or none", ConfigFlag::Kind::text},
    {"--corrector-steps", "corrector_steps", "Corrector iterations at each time"},
    {"--snr", "snr", "Signal-to-noise ratio of the corrector"},
    {"--step-size", "step_size", "Of ula, mala and hmc: e in x + e s + sqrt(2 e) z; 0: by --snr"},
    {"--leapfrog", "leapfrog", "Leapfrog steps of an iteration of hmc"},
    {"--quadrature", "quadrature",
     "Of the score, for the acceptance of mala and hmc: trapezoid, simpson or boole",
     ConfigFlag::Kind::text},
    {"--eps", "eps", "Last time before the data"},
    {"--probability-flow", "probability_flow", "Solve the ODE instead of the SDE",
     ConfigFlag::Kind::on}};

SamplingConfig sampling_of(const TrainedModel& model, const nlohmann::json& patch) {
  nlohmann::json config = config_to_json(model.config())["sampling"];
  config.update(patch);
  try {
    SamplingConfig sampling = sampling_from_json(config);
    check_sampler(model.sde(), sampling);
    return sampling;
  } catch (const Error& e) {
    throw UsageError(e.what());
  }
}

void write(const SampleArguments& a, const Tensor& x, Range range) {
  const Overwrite overwrite = a.overwrite ? Overwrite::yes : Overwrite::no;
  if (a.out.ends_with(".npy")) {
    write_npy(a.out, to_unit(x, range), overwrite);
  } else {
    Shape item(x.shape().begin() + 1, x.shape().end());
    write_image_grid(a.out, x, {.zoom = a.zoom > 0 ? a.zoom : zoom_for(item), .range = range},
                     overwrite);
  }
}

void check_output(const SampleArguments& a) {
  if (!a.out.ends_with(".png") && !a.out.ends_with(".npy")) {
    throw UsageError("--out: expected a name ending in .png or .npy, got " + printable(a.out));
  }
  check_writable(a.out, a.overwrite ? Overwrite::yes : Overwrite::no);
}

void check_picture(const SampleArguments& a, const Shape& item) {
  const bool picture = item.rank() == 3 && (item[2] == 1 || item[2] == 3);
  if (a.out.ends_with(".png") && !picture) {
    fail("sample", "samples ", item, " make no picture; --out with .npy writes the numbers");
  }
}

/// How MALA and HMC fared, and by how much the score that they trust is no gradient.
void tell_acceptance(const SampleArguments& a, const TrainedModel& model, const Tensor& x,
                     const SamplingConfig& sampling, const Acceptance& acceptance) {
  const Tensor some = slice(x, 0, 0, std::min(x.size(0), a.range.batch));
  Index evaluations = 0;
  const double loops =
      loop_rms_of(model.sde(), counted(model.score(), evaluations), some, sampling, a.range.seed);
  const double share = static_cast<double>(acceptance.accepted) /
                       static_cast<double>(std::max<Index>(acceptance.proposed, 1));
  std::cout << grouped(acceptance.accepted) << " of " << grouped(acceptance.proposed)
            << " proposals accepted (" << std::lround(100 * share) << " %)\n"
            << "the score around closed loops of a proposal's size: " << loops
            << " nats rms, 0 for a gradient (" << evaluations << " evaluations more)" << std::endl;
}

int sample(const SampleArguments& a) {
  check_output(a);
  use_threads(a.threads);
  const TrainedModel model(read_checkpoint(checkpoint_of(a.run)),
                           a.raw ? Weights::raw : Weights::averaged);
  const SamplingConfig sampling = sampling_of(model, a.flags.patch());
  check_picture(a, model.item());
  kernels::set_convolution_mode(a.exact ? kernels::ConvolutionMode::exact
                                        : model.config().convolution);
  catch_interrupts();
  Samples samples;
  Acceptance acceptance;
  Index evaluations = 0;
  {
    Progress progress("sampling", 1000);
    samples = draw_samples(model.sde(), counted(model.score(), evaluations), model.item(), sampling,
                           a.range,
                           {.progress =
                                [&](int done, int total) {
                                  progress.update(Index{1000} * done / total, "");
                                  return !interrupted_by_user();
                                },
                            .observe = {},
                            .acceptance = &acceptance});
  }
  if (!samples.complete) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  write(a, samples.x, model.config().data.range);
  const Index batches = (a.range.count + a.range.batch - 1) / a.range.batch;
  std::cout << a.range.count << (a.range.count == 1 ? " sample" : " samples") << " of step "
            << model.step() << ": " << a.out << "\n"
            << grouped(evaluations) << " evaluations of the score in " << batches
            << (batches == 1 ? " batch" : " batches") << std::endl;
  if (accepts_by_score(sampling)) tell_acceptance(a, model, samples.x, sampling, acceptance);
  return Exit::ok;
}

}  // namespace

void add_sample(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand("sample", "Draw samples from a trained network");
  auto a = std::make_shared<SampleArguments>();
  command->add_option("--run", a->run, "Folder of a run, or a checkpoint")->required();
  command->add_option("--out", a->out, ".png: a picture of all; .npy: floats, [0, 1] as trained on")
      ->required();
  command->add_option("--n", a->range.count, "How many")->check(CLI::Range(1, 1 << 24));
  command->add_option("--seed", a->range.seed, "Seed of the noise");
  command
      ->add_option("--first", a->range.first,
                   "Number of the first sample: K is the same alone and among others")
      ->check(CLI::Range(Index{0}, Index{1} << 31));
  command->add_option("--batch", a->range.batch, "Samples computed at once")
      ->check(CLI::Range(1, 1 << 16));
  a->flags.add_to(*command, sampling_flags);
  command->add_option("--zoom", a->zoom, "Enlarge the picture's pixels; 0: as fits")
      ->check(CLI::Range(0, 64));
  command->add_flag("--no-ema", a->raw, "The last weights instead of their average");
  command->add_flag("--exact", a->exact,
                    "Direct convolutions only, whatever the run was trained with");
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--overwrite", a->overwrite, "Replace an existing file");
  command->callback([a, &exit] { exit = sample(*a); });
}

}  // namespace ito::cli
