// ito sample

#include <cmath>
#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/device.h"
#include "diffusion/cli/image_output.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/cli/sampling_flags.h"
#include "diffusion/control/noisy_classifier.h"
#include "nn/device.h"

namespace ito::cli {
namespace {

struct SampleArguments {
  std::string run, classifier;
  ImageOutput out;
  Index label = -1;
  double guidance = 1;
  SampleRange range = {.seed = 0, .first = 0, .count = 64, .batch = 64};
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

/// The classifier that guides, if any; throws unless it is for this model and has the class.
std::unique_ptr<NoisyClassifier> classifier_of(const SampleArguments& a,
                                               const TrainedModel& model) {
  if (a.label < 0 && a.classifier.empty()) return nullptr;
  if (a.label < 0 || a.classifier.empty())
    throw UsageError("--class and --classifier belong together");
  auto classifier =
      std::make_unique<NoisyClassifier>(read_safetensors(checkpoint_of(a.classifier)));
  nn::move(classifier->network(), a.range.device);
  check_classifier(*classifier, model.item(), model.config().data.range, model.config().sde);
  if (a.label >= classifier->classes())
    throw UsageError(text("--class: there is no class ", a.label, ", the classifier knows 0 to ",
                          classifier->classes() - 1));
  return classifier;
}

int sample(const SampleArguments& a) {
  a.out.check();
  use_threads(a.threads);
  const TrainedModel model(read_checkpoint(checkpoint_of(a.run)),
                           a.raw ? Weights::raw : Weights::averaged, a.range.device);
  const SamplingConfig sampling = sampling_of(model, a.flags.patch());
  a.out.check_item(model.item());
  kernels::set_convolution_mode(a.exact ? kernels::ConvolutionMode::exact
                                        : model.config().convolution);
  const auto classifier = classifier_of(a, model);
  Index evaluations = 0;
  Score score = counted(model.score(), evaluations);
  if (classifier) score = class_guided(score, classifier->logits(), a.label, a.guidance);
  catch_interrupts();
  Samples samples;
  Acceptance acceptance;
  {
    Progress progress("sampling", 1000);
    samples = draw_samples(model.sde(), score, model.item(), sampling, a.range,
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
  a.out.write(samples.x, model.config().data.range);
  const Index batches = (a.range.count + a.range.batch - 1) / a.range.batch;
  std::cout << a.range.count << (a.range.count == 1 ? " sample" : " samples") << " of step "
            << model.step() << ": " << a.out.path << "\n"
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
  a->out.add_to(*command);
  command->add_option("--n", a->range.count, "How many")->check(CLI::Range(1, 1 << 24));
  command->add_option("--seed", a->range.seed, "Seed of the noise");
  command
      ->add_option("--first", a->range.first,
                   "Number of the first sample: K is the same alone and among others")
      ->check(CLI::Range(Index{0}, Index{1} << 31));
  command->add_option("--batch", a->range.batch, "Samples computed at once")
      ->check(CLI::Range(1, 1 << 16));
  command->add_option("--class", a->label, "Samples of this class; needs --classifier")
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--classifier", a->classifier, "What ito train-classifier made");
  command->add_option("--guidance", a->guidance, "Factor on the classifier's gradient")
      ->check(CLI::Range(0.0, 1e6));
  a->flags.add_to(*command, sampling_flags);
  command->add_flag("--no-ema", a->raw, "The last weights instead of their average");
  command->add_flag("--exact", a->exact,
                    "Direct convolutions only, whatever the run was trained with");
  add_device(*command, a->range.device);
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->callback([a, &exit] { exit = sample(*a); });
}

}  // namespace ito::cli
