// ito nearest

#include "diffusion/metrics/nearest.h"

#include <iomanip>
#include <iostream>
#include <numeric>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/cli/recipe.h"
#include "diffusion/data/grid.h"
#include "diffusion/data/open.h"
#include "diffusion/training/run_folder.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {
namespace {

struct NearestArguments {
  std::string run, out;
  Index n = 8, neighbours = 7, threads = 0;
  std::uint64_t seed = 0;
  bool overwrite = false;
  CLI::App* command = nullptr;
};

Samples draw_some(const NearestArguments& a, const TrainedModel& model) {
  Progress progress("sampling", 1000);
  return model.generator().draw(model.evaluated(), model.config().sampling,
                                {.seed = a.seed, .first = 0, .count = a.n, .batch = 64},
                                {.progress = [&](int done, int total) {
                                  progress.update(Index{1000} * done / total, "");
                                  return !interrupted_by_user();
                                }});
}

/// In each row an image and its neighbours.
Tensor beside_neighbours(const Tensor& images, const Tensor& reference,
                         const std::vector<std::vector<Neighbour>>& nearest) {
  std::vector<Tensor> parts;
  for (std::size_t n = 0; n < nearest.size(); ++n) {
    const auto row = static_cast<Index>(n);
    parts.push_back(slice(images, 0, row, row + 1));
    for (const Neighbour& neighbour : nearest[n])
      parts.push_back(slice(reference, 0, neighbour.row, neighbour.row + 1));
  }
  return concat(parts, 0);
}

void tell_distances(const std::vector<std::vector<Neighbour>>& nearest, const Tensor& held_out,
                    const Tensor& reference) {
  double sum = 0;
  std::cout << std::fixed << std::setprecision(3) << "sample  nearest training image  distance\n";
  for (std::size_t n = 0; n < nearest.size(); ++n) {
    const Neighbour& first = nearest[n].at(0);
    sum += first.distance;
    std::cout << std::setw(6) << n << std::setw(24) << first.row << std::setw(10) << first.distance
              << "\n";
  }
  std::cout << "mean distance " << sum / static_cast<double>(nearest.size());
  if (held_out.defined())
    std::cout << "; of " << held_out.size(0) << " held-out images "
              << mean_nearest_distance(held_out, reference);
  std::cout << "\n";
}

/// The run's own images.
Dataset data_of_run(const std::string& run, const TrainedModel& model) {
  const DataConfig config = config_from_json(RunFolder(run).read_config()).data;
  Dataset data = open_images(config.source, {.size = config.size, .held_out = config.held_out});
  if (data.train.item != model.item())
    fail("nearest", run, ": the model is for images ", model.item(), ", those of ",
         printable(data.train.source), " are ", data.train.item);
  return data;
}

int nearest(const NearestArguments& a) {
  const Overwrite overwrite = a.overwrite ? Overwrite::yes : Overwrite::no;
  if (!a.out.ends_with(".png")) throw UsageError("--out: expected a file ending in .png");
  check_writable(a.out, overwrite);
  use_threads(a.threads);
  const TrainedModel model(read_checkpoint(RunFolder(a.run).checkpoint_path()), Weights::averaged);
  kernels::set_convolution_mode(model.config().convolution);
  const Range range = model.config().data.range;
  const Dataset data = data_of_run(a.run, model);
  const Tensor reference = to_unit(batch(data.train, 0, data.train.count, range), range);
  catch_interrupts();
  const Samples samples = draw_some(a, model);
  if (!samples.complete) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  const Tensor images = clamp(to_unit(samples.x, range), 0, 1);
  const auto found = nearest_neighbours(images, reference, a.neighbours);
  write_image_grid(
      a.out, beside_neighbours(images, reference, found),
      {.columns = 1 + static_cast<Index>(found[0].size()), .zoom = zoom_for(model.item())},
      overwrite, to_text(recipe_of(*a.command, {{"--run", checkpoint_of(a.run)}}, nullptr)));
  const Index compared = std::min<Index>(data.held_out.count, 256);
  tell_distances(found,
                 compared > 0 ? to_unit(batch(data.held_out, 0, compared, range), range) : Tensor(),
                 reference);
  std::cout << a.out << std::endl;
  return Exit::ok;
}

}  // namespace

void add_nearest(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "nearest", "Is it memorised? Samples of a run, each beside its nearest training images");
  auto a = std::make_shared<NearestArguments>();
  a->command = command;
  command->add_option("--run", a->run, "Folder of a run")->required();
  command->add_option("--out", a->out, "The picture, a .png")->required();
  command->add_option("--n", a->n, "Samples, a row each")->check(CLI::Range(1, 1024));
  command->add_option("--neighbours", a->neighbours, "Training images beside each")
      ->check(CLI::Range(1, 64));
  command->add_option("--seed", a->seed, "Seed of the noise");
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--overwrite", a->overwrite, "Replace an existing file");
  command->callback([a, &exit] { exit = nearest(*a); });
}

}  // namespace ito::cli
