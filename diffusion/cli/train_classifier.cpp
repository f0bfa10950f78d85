// ito train-classifier

#include <chrono>
#include <iomanip>
#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/device.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/data/open.h"
#include "diffusion/plot/figure.h"
#include "diffusion/training/classifier_trainer.h"
#include "diffusion/training/run_folder.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {
namespace {

using nlohmann::json;

struct ClassifierArguments {
  std::string run, out;
  bool wide = false, overwrite = false, resume = false;
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

/// Accuracy against the noise level, beside that of guessing.
void plot_accuracy(const std::vector<NoisyAccuracy>& levels, Index classes,
                   const RunFolder& folder) {
  if (!plot::can_draw() || levels.empty()) return;
  plot::Line line = {
      .name = "held-out images", .group = "", .color = {0.12, 0.38, 0.65}, .x = {}, .y = {}};
  for (const NoisyAccuracy& l : levels) {
    line.x.push_back(l.noise_level);
    line.y.push_back(100 * l.accuracy);
  }
  const plot::Panel panel = {"", {line}, {{100.0 / static_cast<double>(classes), "guessing"}}};
  plot::write_figure(folder.accuracy_path(),
                     {.title = "Accuracy by noise level",
                      .x_label = "noise level: standard deviation / mean",
                      .y_label = "accuracy (%)",
                      .log_x = true,
                      .panels = {panel},
                      .panel_width = 480,
                      .panel_height = 320},
                     Overwrite::yes);
}

/// What was given when the training began: a run that is resumed has only its steps to choose.
json settings_json(const ClassifierArguments& a, const NoisyClassifier& classifier) {
  return {{"classifier", json::parse(classifier.config_text())},
          {"steps", a.steps},
          {"wide", a.wide},
          {"batch", a.training.batch},
          {"seed", a.training.seed},
          {"learning_rate", a.training.optimiser.learning_rate}};
}

ClassifierArguments with_settings_of(const RunFolder& folder, ClassifierArguments a,
                                     bool steps_given) {
  folder.check_resumable();
  const json settings = folder.read_config();
  try {
    if (!steps_given) a.steps = settings.at("steps");
    a.wide = settings.at("wide");
    a.training.batch = settings.at("batch");
    a.training.seed = settings.at("seed");
    a.training.optimiser.learning_rate = settings.at("learning_rate");
  } catch (const json::exception& e) {
    fail("resume", folder.config_path(), ": not that of a classifier: ", e.what());
  }
  return a;
}

void begin_or_resume(const ClassifierArguments& a, ClassifierTrainer& trainer,
                     const NoisyClassifier& classifier, const RunFolder& folder) {
  const json settings = settings_json(a, classifier);
  if (a.resume) {
    trainer.restore(read_safetensors(folder.training_path()));
    folder.resume(settings, trainer.steps_done());
    return;
  }
  folder.check_new(a.overwrite ? Overwrite::yes : Overwrite::no);
  folder.begin(settings);
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
    write_safetensors(folder.training_path(), trainer.state(), Overwrite::yes);
    loss = 0;
    since = 0;
  }
}

int train_classifier(const ClassifierArguments& given, bool steps_given) {
  const RunFolder folder(given.out);
  const ClassifierArguments a = given.resume ? with_settings_of(folder, given, steps_given) : given;
  use_threads(a.threads);
  const TrainingConfig run = config_from_json(RunFolder(a.run).read_config());
  kernels::set_convolution_mode(run.convolution);
  const Dataset data = data_of(a.run);
  NoisyClassifier classifier(classifier_for(a, run, data.train));
  ClassifierTrainer trainer(classifier, data.train, a.training);
  begin_or_resume(a, trainer, classifier, folder);
  std::cout << data.train.source << ": " << grouped(data.train.count) << " images, "
            << classifier.classes() << " classes; "
            << grouped(nn::parameter_count(classifier.network())) << " parameters" << std::endl;
  catch_interrupts();
  train_steps(a, trainer, data, folder);
  write_safetensors(folder.training_path(), trainer.state(), Overwrite::yes);
  const auto levels = trainer.accuracy(data.held_out, data.held_out.count);
  trainer.finish();
  plot_accuracy(levels, classifier.classes(), folder);
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
  CLI::Option* resume =
      command->add_flag("--resume", a->resume,
                        "Go on with the training in the folder, bit for bit, with its settings");
  CLI::Option* steps =
      command->add_option("--steps", a->steps, "Training steps")->check(CLI::Range(1, 1 << 24));
  command->add_option("--batch", a->training.batch, "Images a step")
      ->check(CLI::Range(1, 1 << 16))
      ->excludes(resume);
  command->add_option("--lr", a->training.optimiser.learning_rate, "Learning rate")
      ->check(CLI::PositiveNumber)
      ->excludes(resume);
  command->add_option("--seed", a->training.seed, "Seed")->excludes(resume);
  command->add_option("--log-every", a->log_every, "Steps between lines of the log")
      ->check(CLI::Range(1, 1 << 24));
  command->add_flag("--wide", a->wide, "The Wide ResNet 28-10 instead of a small one")
      ->excludes(resume);
  add_device(*command, a->training.device);
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--overwrite", a->overwrite, "Replace an existing run")->excludes(resume);
  command->callback([a, steps, &exit] { exit = train_classifier(*a, steps->count() > 0); });
}

}  // namespace ito::cli
