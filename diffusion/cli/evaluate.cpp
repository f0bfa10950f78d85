// ito evaluate

#include <chrono>
#include <cmath>
#include <iostream>

#include "diffusion/cli/class_flags.h"
#include "diffusion/cli/command.h"
#include "diffusion/cli/device.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/recipe.h"
#include "diffusion/cli/sampling_flags.h"
#include "diffusion/data/grid.h"
#include "diffusion/data/open.h"
#include "diffusion/metrics/class_report.h"
#include "diffusion/metrics/image_report.h"
#include "diffusion/training/run_folder.h"
#include "diffusion/training/trained_model.h"
#include "engine/digest.h"

namespace ito::cli {
namespace {

using nlohmann::json;
using SystemClock = std::chrono::system_clock;

struct EvaluateArguments {
  std::string run, out, recogniser;
  Index n = 0, threads = 0;
  std::uint64_t seed = 0;
  Device device = Device::cpu;
  double since = 0;
  bool overwrite = false;
  ClassFlags classes;
  ConfigFlags flags;
  CLI::App* command = nullptr;

  Overwrite replace() const { return overwrite ? Overwrite::yes : Overwrite::no; }
  std::string file(const char* name) const { return out + "/" + name; }
};

constexpr Index pictured = 64, compared = 297, film_rows = 6, film_frames = 9, at_once = 100;
constexpr const char* file_names[] = {"summary.json", "real.png", "generated.png",
                                      "trajectories.png"};

double seconds_now() {
  return std::chrono::duration<double>(SystemClock::now().time_since_epoch()).count();
}

/// The images that the run was trained on.
Dataset data_of(const RunFolder& folder, const DataConfig& config, const TrainedModel& model) {
  Dataset data = open_images(config.source, {.size = config.size, .held_out = config.held_out});
  if (model.item() != data.train.item)
    fail("evaluate", folder.path(), ": the model is for images ", model.item());
  if (data.held_out.count < 2)
    fail("evaluate", folder.path(),
         ": expected at least 2 images held out to compare with "
         "(ito train --held-out), got ",
         data.held_out.count);
  return data;
}

/// What is said of generated images: numbers, and the same for people.
struct Report {
  json numbers;
  std::string table;
};

template <class Of>
Report report_of(const Of& report) {
  return {to_json(report), table(report)};
}

/// The recogniser that was asked for, the fixed one of the digits, or none.
Recogniser recogniser_of(const EvaluateArguments& a, const std::string& source) {
  if (a.recogniser.empty()) return source == "digits" ? digit_recogniser() : nullptr;
  const std::string checkpoint = checkpoint_of(a.recogniser);
  if (!a.classes.classifier.empty() &&
      file_digest(checkpoint) == file_digest(checkpoint_of(a.classes.classifier)))
    fail("evaluate", printable(a.recogniser),
         ": is what guides the samples, and so no judge of them: expected a recogniser trained "
         "with another --seed");
  return trained_recogniser(std::make_shared<NoisyClassifier>(read_safetensors(checkpoint)));
}

Report measured(const EvaluateArguments& a, const Tensor& generated,
                const std::vector<Index>& classes, const Dataset& data,
                const Recogniser& recogniser) {
  if (!recogniser) return report_of(report_images(generated, data, a.seed));
  return report_of(report_classes(generated, data, recogniser, a.seed, classes));
}

/// Generated images and the classes that they were drawn as, if any: one class after another and
/// again, so that any first part holds all of them alike.
struct Generated {
  Tensor x;  ///< empty when the user interrupted
  std::vector<Index> classes;
  double evaluations;  ///< of the score for a batch, on average
  double seconds;
};

Generated draw(const EvaluateArguments& a, const TrainedModel& model,
               const SamplingConfig& sampling, Index n) {
  Index evaluations = 0;
  const ClassScores classes(a.classes, model, evaluations);
  const auto K = static_cast<Index>(std::max<std::size_t>(classes.classes().size(), 1));
  const Index each = (n + K - 1) / K;
  const double began = seconds_now();
  const SampleRange range = {
      .seed = a.seed, .first = 0, .count = each, .batch = at_once, .device = a.device};
  const Samples samples = draw_each(classes.scores(), model, sampling, range);
  if (!samples.complete) return {};
  const auto batches = static_cast<double>(K * ((each + at_once - 1) / at_once));
  Generated generated = {{}, {}, static_cast<double>(evaluations) / batches, seconds_now() - began};
  std::vector<Tensor> rows;
  for (Index i = 0; i < each; ++i) {
    for (Index k = 0; k < K; ++k)
      rows.push_back(slice(samples.x, 0, k * each + i, k * each + i + 1));
    generated.classes.insert(generated.classes.end(), classes.classes().begin(),
                             classes.classes().end());
  }
  generated.x = concat(rows, 0).to(Device::cpu);
  return generated;
}

void write_pictures(const EvaluateArguments& a, const TrainedModel& model,
                    const SamplingConfig& sampling, const Dataset& data, const Tensor& generated) {
  const PngText text = to_text(recipe_of(*a.command, {{"--run", checkpoint_of(a.run)}}, nullptr));
  const Range range = model.config().data.range;
  const Index zoom = zoom_for(model.item());
  const GridOptions grid = {.zoom = zoom, .range = range};
  write_image_grid(a.file("real.png"),
                   batch(data.held_out, 0, std::min(pictured, data.held_out.count), range), grid,
                   a.replace(), text);
  write_image_grid(a.file("generated.png"), slice(generated, 0, 0, pictured), grid, a.replace(),
                   text);

  const Tensor real = batch(data.held_out, 0, std::min(film_rows, data.held_out.count), range);
  const Tensor there = model.generator().forward_film(real, film_frames, a.seed);
  const SampleRange film = {
      .seed = a.seed, .first = 0, .count = film_rows, .batch = film_rows, .device = a.device};
  const Tensor back = model.generator()
                          .reverse_film(model.evaluated(), sampling, film, film_frames)
                          .to(Device::cpu);
  write_image_grid(a.file("trajectories.png"), concat({there, back}, 0),
                   {.columns = film_frames, .zoom = zoom, .range = range}, a.replace(), text);
}

json summary(json out, const std::vector<json>& log) {
  if (log.empty()) return out;
  out["loss_first"] = log.front().at("loss");
  out["loss_last"] = log.back().at("loss");
  out["seconds_train"] = log.back().at("seconds");
  for (const json& line : log) {
    if (line.contains("held_out")) out["held_out_loss_last"] = line.at("held_out");
  }
  return out;
}

void tell(const EvaluateArguments& a, const Report& report, const json& numbers) {
  std::cout << report.table << std::lround(numbers["evaluations"].get<double>())
            << " evaluations of the score to sample, " << duration(numbers["seconds_sample"])
            << "\n";
  if (numbers.contains("loss_first")) {
    std::cout << "training loss " << numbers["loss_first"].get<double>() << " at the start, "
              << numbers["loss_last"].get<double>() << " at the end; training took "
              << duration(numbers["seconds_train"]) << "\n";
  }
  for (const char* name : file_names) std::cout << a.file(name) << "\n";
  std::cout << std::flush;
}

int evaluate(const EvaluateArguments& a) {
  const double began = a.since > 0 ? a.since : seconds_now();
  const RunFolder folder(a.run);
  use_threads(a.threads);
  const TrainedModel model(read_checkpoint(folder.checkpoint_path()), Weights::averaged, a.device);
  kernels::set_convolution_mode(model.config().convolution);
  const SamplingConfig sampling = sampling_of(model, a.flags.patch());
  const DataConfig config = config_from_json(folder.read_config()).data;
  const Dataset data = data_of(folder, config, model);
  const Recogniser recogniser = recogniser_of(a, config.source);
  create_folders(a.out);
  for (const char* name : file_names) check_writable(a.file(name), a.replace());

  catch_interrupts();
  const Index n = std::max({a.n, std::min(data.held_out.count, compared), pictured});
  const Generated drawn = draw(a, model, sampling, n);
  if (!drawn.x.defined()) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  const Tensor generated = to_unit(drawn.x, model.config().data.range);
  const Report report = measured(a, generated, drawn.classes, data, recogniser);
  write_pictures(a, model, sampling, data, drawn.x);
  json numbers = summary(report.numbers, folder.read_log());
  numbers["evaluations"] = drawn.evaluations;
  numbers["seconds_sample"] = drawn.seconds;
  numbers["seconds_total"] =
      seconds_now() - began + (a.since > 0 ? 0.0 : numbers.value("seconds_train", 0.0));
  write_file(a.file("summary.json"), numbers.dump(2) + "\n", a.replace());
  tell(a, report, numbers);
  return Exit::ok;
}

}  // namespace

void add_evaluate(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "evaluate", "Measure images drawn from a run against real ones; numbers and pictures");
  auto a = std::make_shared<EvaluateArguments>();
  command->add_option("--run", a->run, "Folder of a run")->required();
  command->add_option("--out", a->out, "Folder for summary.json and the pictures")->required();
  command
      ->add_option("--n", a->n,
                   "Images to generate, at least 64 and as many as are held out, up to 297")
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--recogniser", a->recogniser,
                      "What ito train-classifier made, to see the images by: Frechet distance in "
                      "its features, classes (default: a fixed one for the digits)");
  a->command = command;
  a->classes.add_to(*command);
  command->add_option("--seed", a->seed, "Seed of the noise");
  a->flags.add_to(*command, sampling_flags);
  add_device(*command, a->device);
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_option("--since", a->since, "Unix time at which the whole began, for seconds_total");
  command->add_flag("--overwrite", a->overwrite, "Replace existing files");
  command->callback([a, &exit] { exit = evaluate(*a); });
}

}  // namespace ito::cli
