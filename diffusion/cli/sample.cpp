// ito sample

#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/cli/sampling_flags.h"
#include "diffusion/control/noisy_classifier.h"
#include "diffusion/data/grid.h"
#include "diffusion/data/npy.h"

namespace ito::cli {
namespace {

struct SampleArguments {
  std::string run, out, classifier;
  Index label = -1;
  double guidance = 1;
  SampleRange range = {.seed = 0, .first = 0, .count = 64, .batch = 64};
  Index zoom = 0, threads = 0;
  bool raw = false, exact = false, overwrite = false;
  ConfigFlags flags;
};

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

/// The classifier that guides, if any; throws unless it is for this model and has the class.
std::unique_ptr<NoisyClassifier> classifier_of(const SampleArguments& a,
                                               const TrainedModel& model) {
  if (a.label < 0 && a.classifier.empty()) return nullptr;
  if (a.label < 0 || a.classifier.empty())
    throw UsageError("--class and --classifier belong together");
  auto classifier =
      std::make_unique<NoisyClassifier>(read_safetensors(checkpoint_of(a.classifier)));
  check_classifier(*classifier, model.item(), model.config().data.range, model.config().sde);
  if (a.label >= classifier->classes())
    throw UsageError(text("--class: there is no class ", a.label, ", the classifier knows 0 to ",
                          classifier->classes() - 1));
  return classifier;
}

int sample(const SampleArguments& a) {
  check_sample_file(a.out, a.overwrite);
  use_threads(a.threads);
  const TrainedModel model(read_checkpoint(checkpoint_of(a.run)),
                           a.raw ? Weights::raw : Weights::averaged);
  const SamplingConfig sampling = sampling_of(model, a.flags.patch());
  check_picture("sample", a.out, model.item());
  kernels::set_convolution_mode(a.exact ? kernels::ConvolutionMode::exact
                                        : model.config().convolution);
  const auto classifier = classifier_of(a, model);
  Index evaluations = 0;
  Score score = counted(model.score(), evaluations);
  if (classifier) score = class_guided(score, classifier->logits(), a.label, a.guidance);
  catch_interrupts();
  Samples samples;
  {
    Progress progress("sampling", 1000);
    samples = draw_samples(model.sde(), score, model.item(), sampling, a.range,
                           {.progress = [&](int done, int total) {
                             progress.update(Index{1000} * done / total, "");
                             return !interrupted_by_user();
                           }});
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
  command->add_option("--class", a->label, "Samples of this class; needs --classifier")
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--classifier", a->classifier, "What ito train-classifier made");
  command->add_option("--guidance", a->guidance, "Factor on the classifier's gradient")
      ->check(CLI::Range(0.0, 1e6));
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
