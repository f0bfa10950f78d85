// ito train-classifier

#include <chrono>
#include <iomanip>
#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/data/open.h"
#include "diffusion/training/classifier_trainer.h"
#include "diffusion/training/run_folder.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {
namespace {

using nlohmann::json;

struct ClassifierArguments {
  std::string run, out;
  bool wide = false, overwrite = false;
  Index steps = 2000, threads = 0, log_every = 500;
  ClassifierTraining training;
};

/// The data of the run with the held-out part, which must have labels.
Dataset data_of(const std::string& run) {
  const DataConfig config = config_from_json(RunFolder(run).read_config()).data;
  return open_images(config.source, {.size = config.size, .held_out = config.held_out});
}

ClassifierConfig classifier_for(const ClassifierArguments& a, const TrainingConfig& run,
                                const ImageSet& images) {
  ClassifierConfig config = {.model = a.wide ? nn::WideResnetConfig{} : small_classifier(),
                             .sde = run.sde,
                             .range = run.data.range};
  if (images.item.rank() != 3 || images.item[0] != images.item[1])
    fail("train-classifier", "expected square images [H, H, C], those of the run are ",
         images.item);
  config.model.image_size = images.item[0];
  config.model.channels = images.item[2];
  config.model.classes = classes_of(images);
  return config;
}

json accuracy_json(const std::vector<NoisyAccuracy>& levels) {
  json rows = json::array();
  for (const NoisyAccuracy& l : levels)
    rows.push_back({{"t", l.t}, {"noise_level", l.noise_level}, {"accuracy", l.accuracy}});
  return rows;
}

void tell(const std::vector<NoisyAccuracy>& levels, Index images) {
  std::cout << "accuracy on " << images << " held-out images by noise level\n"
            << "     t   std/mean  accuracy\n";
  for (const NoisyAccuracy& l : levels)
    std::cout << std::fixed << std::setprecision(2) << std::setw(6) << l.t << std::setw(11)
              << l.noise_level << std::setw(9) << std::setprecision(1) << 100 * l.accuracy
              << " %\n";
  std::cout << std::defaultfloat << std::flush;
}

void train_steps(const ClassifierArguments& a, ClassifierTrainer& trainer, const Dataset& data,
                 const RunFolder& folder) {
  Progress progress("training", a.steps);
  double loss = 0;
  Index since = 0;
  while (trainer.steps_done() < a.steps && !interrupted_by_user()) {
    loss += trainer.step();
    ++since;
    const Index k = trainer.steps_done();
    progress.update(k, "");
    if (k % a.log_every != 0 && k != a.steps) continue;
    const double mean = loss / static_cast<double>(since);
    folder.log({{"step", k},
                {"loss", mean},
                {"accuracy", accuracy_json(trainer.accuracy(data.held_out, 1024))}});
    progress.line(text("step ", k, "/", a.steps, "  loss ", mean));
    loss = 0;
    since = 0;
  }
}

int train_classifier(const ClassifierArguments& a) {
  const RunFolder folder(a.out);
  const Overwrite overwrite = a.overwrite ? Overwrite::yes : Overwrite::no;
  use_threads(a.threads);
  const TrainingConfig run = config_from_json(RunFolder(a.run).read_config());
  kernels::set_convolution_mode(run.convolution);
  const Dataset data = data_of(a.run);
  NoisyClassifier classifier(classifier_for(a, run, data.train));
  ClassifierTrainer trainer(classifier, data.train, a.training);
  folder.check_new(overwrite);
  folder.begin({{"classifier", json::parse(classifier.contents().meta("config"))},
                {"steps", a.steps},
                {"batch", a.training.batch},
                {"seed", a.training.seed},
                {"learning_rate", a.training.optimiser.learning_rate}});
  std::cout << data.train.source << ": " << grouped(data.train.count) << " images, "
            << classifier.classes() << " classes; "
            << grouped(nn::parameter_count(classifier.network())) << " parameters" << std::endl;
  catch_interrupts();
  train_steps(a, trainer, data, folder);
  const auto levels = trainer.accuracy(data.held_out, data.held_out.count);
  trainer.finish();
  write_safetensors(folder.checkpoint_path(), classifier.contents(), Overwrite::yes);
  tell(levels, data.held_out.count);
  std::cout << (trainer.steps_done() < a.steps ? "stopped after step " : "done after step ")
            << trainer.steps_done() << ": " << folder.checkpoint_path() << std::endl;
  return trainer.steps_done() < a.steps ? Exit::interrupted : Exit::ok;
}

}  // namespace

void add_train_classifier(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "train-classifier", "Train a classifier of noisy images, for ito sample --class");
  auto a = std::make_shared<ClassifierArguments>();
  command->add_option("--run", a->run, "Run whose data, scale and SDE it is for")->required();
  command->add_option("--out", a->out, "Folder for the classifier")->required();
  command->add_option("--steps", a->steps, "Training steps")->check(CLI::Range(1, 1 << 24));
  command->add_option("--batch", a->training.batch, "Images a step")->check(CLI::Range(1, 1 << 16));
  command->add_option("--lr", a->training.optimiser.learning_rate, "Learning rate")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", a->training.seed, "Seed");
  command->add_option("--log-every", a->log_every, "Steps between lines of the log")
      ->check(CLI::Range(1, 1 << 24));
  command->add_flag("--wide", a->wide, "The Wide ResNet 28-10 instead of a small one");
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--overwrite", a->overwrite, "Replace an existing run");
  command->callback([a, &exit] { exit = train_classifier(*a); });
}

}  // namespace ito::cli
