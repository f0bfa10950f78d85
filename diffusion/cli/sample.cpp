// ito sample

#include <algorithm>
#include <cmath>
#include <iostream>

#include "diffusion/cli/class_flags.h"
#include "diffusion/cli/command.h"
#include "diffusion/cli/device.h"
#include "diffusion/cli/image_output.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/sampling_flags.h"

namespace ito::cli {
namespace {

struct SampleArguments {
  std::string run;
  ImageOutput out;
  ClassFlags classes;
  SampleRange range = {.seed = 0, .first = 0, .count = 0, .batch = 64};
  Index threads = 0;
  bool raw = false, exact = false;
  ConfigFlags flags;
};

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

/// How many of each class.
SampleRange range_of(const SampleArguments& a, std::size_t scores) {
  SampleRange range = a.range;
  if (range.count == 0) range.count = scores > 1 ? 8 : 64;
  return range;
}

Sources sources_of(const SampleArguments& a, const SamplingConfig& sampling) {
  Sources sources = {{{"--run", checkpoint_of(a.run)}}, sampling_to_json(sampling)};
  a.classes.add_to(sources);
  return sources;
}

void tell(const SampleArguments& a, const TrainedModel& model, Index n, Index evaluations,
          const SampleRange& range, std::size_t scores) {
  const Index batches = (range.count + range.batch - 1) / range.batch * static_cast<Index>(scores);
  std::cout << n << (n == 1 ? " sample" : " samples") << " of step " << model.step() << ": "
            << a.out.path << "\n"
            << grouped(evaluations) << " evaluations of the score in " << batches
            << (batches == 1 ? " batch" : " batches") << std::endl;
}

int sample(const SampleArguments& a) {
  a.out.check();
  if (a.range.graphs && a.range.device == Device::cpu)
    throw UsageError("--graph is for --device cuda");
  use_threads(a.threads);
  const TrainedModel model(read_checkpoint(checkpoint_of(a.run)),
                           a.raw ? Weights::raw : Weights::averaged, a.range.device);
  const SamplingConfig sampling = sampling_of(model, a.flags.patch());
  a.out.check_item(model.item());
  kernels::set_convolution_mode(a.exact ? kernels::ConvolutionMode::exact
                                        : model.config().convolution);
  Index evaluations = 0;
  const std::vector<Score> scores = ClassScores(a.classes, model, evaluations).scores();
  const SampleRange range = range_of(a, scores.size());
  catch_interrupts();
  Acceptance acceptance;
  const Samples samples = draw_each(scores, model, sampling, range, &acceptance);
  if (!samples.complete) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  a.out.write(samples.x, model.config().data.range, scores.size() > 1 ? range.count : 0,
              sources_of(a, sampling));
  tell(a, model, samples.x.size(0), evaluations, range, scores.size());
  if (accepts_by_score(sampling)) tell_acceptance(a, model, samples.x, sampling, acceptance);
  return Exit::ok;
}

}  // namespace

void add_sample(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand("sample", "Draw samples from a trained network");
  auto a = std::make_shared<SampleArguments>();
  command->add_option("--run", a->run, "Folder of a run, or a checkpoint")->required();
  a->out.add_to(*command);
  command
      ->add_option("--n", a->range.count,
                   "How many, of each class; 0: 64, of each of several classes 8")
      ->check(CLI::Range(0, 1 << 24));
  command->add_option("--seed", a->range.seed, "Seed of the noise");
  command
      ->add_option("--first", a->range.first,
                   "Number of the first sample: K is the same alone and among others")
      ->check(CLI::Range(Index{0}, Index{1} << 31));
  command->add_option("--batch", a->range.batch, "Samples computed at once")
      ->check(CLI::Range(1, 1 << 16));
  a->classes.add_to(*command);
  a->flags.add_to(*command, sampling_flags);
  command->add_flag("--no-ema", a->raw, "The last weights instead of their average");
  command->add_flag("--exact", a->exact,
                    "Direct convolutions only, whatever the run was trained with");
  add_device(*command, a->range.device);
  command->add_flag("--graph", a->range.graphs,
                    "On a GPU: launch each step of the predictor as one CUDA graph; same bits");
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->callback([a, &exit] { exit = sample(*a); });
}

}  // namespace ito::cli
