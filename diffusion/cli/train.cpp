// ito train

#include <iomanip>
#include <iostream>
#include <sstream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/device.h"
#include "diffusion/cli/flags.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/data/open.h"
#include "diffusion/training/checkpoint.h"
#include "diffusion/training/presets.h"
#include "diffusion/training/run.h"

namespace ito::cli {
namespace {

using nlohmann::json;
using Kind = ConfigFlag::Kind;

struct TrainArguments {
  std::string out, preset, config;
  bool resume = false, overwrite = false;
  Device device = Device::cpu;
  ConfigFlags flags;
};

const std::vector<ConfigFlag> config_flags = {
    {"--data", "data.source", "\"digits\", or a file or folder of images", Kind::text},
    {"--size", "data.size", "Crop and resize the pictures of a folder to SIZE x SIZE"},
    {"--held-out", "data.held_out", "Images kept apart from training, to measure on"},
    {"--flip", "data.flip", "Mirror images at random", Kind::on},
    {"--steps", "run.steps", "Training steps in all"},
    {"--batch", "batch.size", "Images in a step"},
    {"--accumulate", "batch.accumulate", "Compute a batch in so many parts, to need less memory"},
    {"--recompute", "batch.recompute",
     "Compute blocks again in backward: a third more time, less memory", Kind::on},
    {"--lr", "optimiser.learning_rate", "Learning rate"},
    {"--warmup", "optimiser.warmup", "Steps until the full learning rate"},
    {"--clip", "optimiser.clip", "Largest norm of the gradient; negative: none"},
    {"--ema", "ema.decay", "Decay of the averaged weights"},
    {"--seed", "seed", "Seed of everything random"},
    {"--convolution", "convolution", "fast (default) or exact: how 3x3 convolutions are computed",
     ConfigFlag::Kind::text},
    {"--width", "model.width", "Features of the network's first level"},
    {"--dropout", "model.dropout", "Dropout probability"},
    {"--threads", "run.threads", "Threads, 0 for all cores (the result does not depend on it)"},
    {"--log-every", "run.log_every", "Steps between lines of the log"},
    {"--held-out-every", "run.held_out_every", "Steps between held-out losses"},
    {"--checkpoint-every", "run.checkpoint_every", "Steps between checkpoints"},
    {"--sample-every", "run.sample_every", "Steps between grids of samples"},
    {"--samples", "run.samples", "Images in a grid; 0: no grids"}};

/// Lays the file and the flags over what a run without them would be.
json configuration(const TrainArguments& a, json base) {
  if (!a.config.empty()) overlay(base, read_json(a.config));
  overlay(base, a.flags.patch());
  return base;
}

/// Without --preset, the digits have their own and all other images that for CIFAR-10.
json new_configuration(const TrainArguments& a) {
  const json given = configuration(a, json::object());
  const std::string source = given.value(json::json_pointer("/data/source"), "digits");
  const std::string implied = source == "digits" ? "digits" : "cifar10-ddpm";
  json base = preset_named(a.preset.empty() ? implied : a.preset);
  if (!base["data"].contains("source")) base["data"]["source"] = source;
  return configuration(a, base);
}

std::string number(double value, int digits = 4) {
  std::ostringstream out;
  out << std::setprecision(digits) << value;
  return out.str();
}

std::string plain_line(const json& line, Index steps) {
  std::string out = text("step ", line["step"], "/", steps, "  loss ", number(line["loss"]));
  if (line.contains("held_out")) out += "  held out " + number(line["held_out"]);
  return out +
         text("  ", number(line["images_per_second"], 3), " images/s  ", duration(line["seconds"]));
}

RunObserver observer(Progress& progress, const TrainingConfig& config) {
  const Index steps = config.run.steps;
  auto rate = std::make_shared<double>(0);
  auto loss = std::make_shared<double>(0);
  return {.step =
              [=, &progress](const StepReport& r) {
                *loss = *loss == 0 ? r.loss : 0.95 * *loss + 0.05 * r.loss;
                progress.update(r.step,
                                "loss " + number(*loss) +
                                    (*rate > 0 ? "  " + number(*rate, 3) + " images/s" : ""));
              },
          .line =
              [=, &progress](const json& line) {
                *rate = line["images_per_second"];
                if (!progress.on_terminal() || line.contains("held_out")) {
                  progress.line(plain_line(line, steps));
                }
              },
          .saved = {},
          .stop = interrupted_by_user};
}

void announce(Trainer& trainer, const Dataset& data) {
  std::cout << data.train.source << ": " << grouped(data.train.count) << " images "
            << data.train.item << ", " << grouped(data.held_out.count) << " held out\n"
            << grouped(nn::parameter_count(trainer.network())) << " parameters; batches of "
            << trainer.config().batch.size << "; steps " << trainer.steps_done() << " to "
            << trainer.config().run.steps << std::endl;
  if (const std::string remark = trainer.generator().remark(); !remark.empty())
    std::cout << remark << std::endl;
}

int train_and_tell(Trainer& trainer, const Dataset& data, const RunFolder& folder) {
  announce(trainer, data);
  catch_interrupts();
  RunEnd end;
  {
    Progress progress("training", trainer.config().run.steps, trainer.steps_done());
    end = run(trainer, data, folder, observer(progress, trainer.config()));
  }
  if (end == RunEnd::stopped) {
    std::cout << "stopped after step " << trainer.steps_done() << "; saved in "
              << folder.checkpoint_path() << "; --resume goes on" << std::endl;
    return Exit::interrupted;
  }
  std::cout << "done: " << folder.checkpoint_path() << std::endl;
  return Exit::ok;
}

/// Errors of the configuration are errors of usage.
template <class F>
auto as_usage(F f) {
  try {
    return f();
  } catch (const Error& e) {
    throw UsageError(e.what());
  }
}

Dataset open_data(const json& config) {
  DataConfig d;
  as_usage([&] {
    if (config.contains("data")) {
      d = config_from_json({{"data", config["data"]}}).data;
    }
  });
  return open_images(d.source, {.size = d.size, .held_out = d.held_out});
}

int train(const TrainArguments& a) {
  const RunFolder folder(a.out);
  const Overwrite overwrite = a.overwrite ? Overwrite::yes : Overwrite::no;
  if (a.resume) {
    folder.check_resumable();
  }
  const json wanted = a.resume ? configuration(a, folder.read_config())
                               : as_usage([&] { return new_configuration(a); });
  const Dataset data = open_data(wanted);
  const TrainingConfig config = as_usage([&] { return resolve(wanted, data.train); });
  use_threads(config.run.threads);
  kernels::set_convolution_mode(config.convolution);
  Trainer trainer(config, data.train, a.device);
  const json resolved = config_to_json(config);
  if (a.resume) {
    if (folder.has_checkpoint()) restore(trainer, read_checkpoint(folder.checkpoint_path()));
    folder.resume(resolved, trainer.steps_done());
  } else {
    folder.check_new(overwrite);
    folder.begin(resolved);
  }
  return train_and_tell(trainer, data, folder);
}

std::string preset_help() {
  std::string out = "A complete configuration by name:";
  for (const Preset& p : presets()) out += text("\n", p.name, ": ", p.description);
  return out;
}

}  // namespace

void add_train(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand("train", "Train a score network on images");
  auto a = std::make_shared<TrainArguments>();
  command->add_option("--out", a->out, "Folder of the run")->required()->type_name("FOLDER");
  command->add_option("--preset", a->preset, preset_help());
  command->add_option("--config", a->config, "JSON file like a run's config.json; flags win")
      ->type_name("FILE");
  add_device(*command, a->device);
  a->flags.add_to(*command, config_flags);
  a->flags.add_set(*command);
  CLI::Option* resume =
      command->add_flag("--resume", a->resume, "Go on with the run in the folder");
  command->add_flag("--overwrite", a->overwrite, "Begin anew where there is a run")
      ->excludes(resume);
  command->callback([a, &exit] { exit = train(*a); });
}

}  // namespace ito::cli
