// ito schedule

#include <chrono>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/data/open.h"
#include "diffusion/soft/blur.h"
#include "diffusion/soft/natural_schedule.h"
#include "diffusion/soft/schedule_report.h"

namespace ito::cli {
namespace {

using nlohmann::json;

struct ScheduleArguments {
  std::string data = "digits", corruption = "blur", out;
  ScheduleSearchOptions search;
  Index size = 0, held_out = 0, threads = 0;
  bool independent = false, together = false, natural = false, levels_given = false;
  bool overwrite = false;

  Overwrite replace() const { return overwrite ? Overwrite::yes : Overwrite::no; }
  /// The picture's file: that of the schedule, with another ending.
  std::string picture() const {
    const std::string stem = out.ends_with(".json") ? out.substr(0, out.size() - 5) : out;
    return stem + ".png";
  }
};

void check_schedule_output(const ScheduleArguments& a) {
  if (a.search.epsilon > 0 && a.levels_given)
    throw UsageError("--levels and --epsilon exclude each other: the one follows from the other");
  if (a.natural && (a.together || a.search.epsilon > 0))
    throw UsageError(
        "--natural needs no search, and is noise first: without --together, --epsilon");
  check_writable(a.out, a.replace());
  if (plot::can_draw()) check_writable(a.picture(), a.replace());
}

FoundSchedule search_with_progress(const ScheduleArguments& a, const ImageSet& images,
                                   const Corruption& C) {
  ScheduleSearchOptions options = a.search;
  options.order = a.together ? ScheduleOrder::together : ScheduleOrder::noise_first;
  options.distances.slices = a.independent ? Slices::independent : Slices::same;
  Progress progress("distances", 1000);
  options.watch = [&](Index done, Index total) {
    progress.update(1000 * done / total, text(done, " of about ", total));
    return !interrupted_by_user();
  };
  return search_schedule(images, C, options);
}

void tell_schedule(const ScheduleArguments& a, const FoundSchedule& found, double seconds) {
  const LevelPath& path = found.path;
  std::cout << schedule_table(found) << std::setprecision(4) << "epsilon " << path.epsilon
            << ": a path of " << path.levels.size() << " of " << a.search.candidates
            << " levels, length " << path.length << ", longest step " << path.longest << "\n"
            << found.evaluated << " distances of slices of " << found.slice << " images, the "
            << (a.independent ? "slices independent" : "images the same") << ", in "
            << duration(seconds) << "\n";
  const auto wanted = static_cast<std::size_t>(a.search.levels);
  if (a.search.epsilon == 0 && path.levels.size() != wanted)
    std::cout << "no epsilon gives " << wanted << " levels: this is the nearest number\n";
  if (a.independent) {
    std::cout << "floor due to sampling: " << found.first_floor << " at the first level, "
              << found.last_floor << " at the last\n";
    if (std::max(found.first_floor, found.last_floor) > path.epsilon / 2)
      std::cout << "it is no smaller than half of epsilon: these distances say more of the "
                   "sampling than of the corruption\n";
  }
}

json search_json(const ScheduleArguments& a, const FoundSchedule& found) {
  const SinkhornOptions& sinkhorn = a.search.distances.sinkhorn;
  return {{"epsilon", found.path.epsilon},
          {"candidates", a.search.candidates},
          {"slice", found.slice},
          {"slices", a.independent ? "independent" : "same"},
          {"seed", a.search.distances.seed},
          {"regularisation", sinkhorn.regularisation},
          {"steps", found.steps}};
}

Schedule natural_of(const ScheduleArguments& a, const ImageSet& images, const Corruption& C) {
  const Tensor some = batch(images, 0, std::min<Index>(images.count, 512), Range::unit);
  return natural_schedule(some, C, a.search.noise, a.search.noise_share, identity_of(images),
                          a.search.levels);
}

/// Those that one is drawn beside.
std::vector<NamedSchedule> to_compare(const ScheduleArguments& a, const Schedule& schedule,
                                      const ImageSet& images, const Corruption& C) {
  if (a.natural) return {{"natural", schedule}};
  std::vector<NamedSchedule> all = {{"found", schedule}};
  const NoiseRange& noise = a.search.noise;
  if (C.clean() == C.strongest()) {
    all.push_back({"geometric (VE)", together_schedule(C, noise)});
    return all;
  }
  all.push_back({"natural", natural_of(a, images, C)});
  all.push_back({"noise first, then linear", noise_first_schedule(C, noise, a.search.noise_share)});
  all.push_back({"both together", together_schedule(C, noise)});
  return all;
}

void write_schedule(const ScheduleArguments& a, const Schedule& schedule, const json& search,
                    const ImageSet& images, const Corruption& C) {
  json whole = schedule.to_json();
  if (!search.is_null()) whole["search"] = search;
  whole["source"] = images.source;
  write_file(a.out, whole.dump(2) + "\n", a.replace());
  std::cout << a.out << "\n";
  if (!plot::can_draw()) {
    std::cout << "no picture: this program was built without cairo (Debian: libcairo2-dev)\n";
    return;
  }
  const std::string title = "parameter of " + C.name();
  plot::write_figure(a.picture(), schedule_figure(to_compare(a, schedule, images, C), title),
                     a.replace());
  std::cout << a.picture() << "\n";
}

/// What is used is what was asked for; that it makes little sense is worth a line.
void tell_of_wide_kernels(const Corruption& C) {
  const auto* blur = dynamic_cast<const GaussianBlur*>(&C);
  if (!blur) return;
  const Index side = std::max(C.item()[0], C.item()[1]);
  if (blur->half_size() > side)
    std::cout << "the kernel reaches " << blur->half_size() << " pixels, further than the image of "
              << side << ": used as it is, but taps beyond " << side - 1
              << " meet only zeros, and darken the image\n";
}

int find_schedule(const ScheduleArguments& a) {
  check_schedule_output(a);
  use_threads(a.threads);
  const ImageSet images = open_images(a.data, {.size = a.size, .held_out = a.held_out}).train;
  const auto C = corruption_named(a.corruption, images.item);
  std::cout << images.source << ": " << grouped(images.count) << " images " << images.item
            << ", corruption " << C->name() << std::endl;
  tell_of_wide_kernels(*C);
  if (a.natural) {
    write_schedule(a, natural_of(a, images, *C), nullptr, images, *C);
    return Exit::ok;
  }
  catch_interrupts();
  const auto start = std::chrono::steady_clock::now();
  try {
    const FoundSchedule found = search_with_progress(a, images, *C);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    tell_schedule(a, found, took.count());
    write_schedule(a, found.schedule, search_json(a, found), images, *C);
  } catch (const LevelSearchStopped&) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  return Exit::ok;
}

}  // namespace

void add_schedule(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "schedule", "Find levels of corruption for soft diffusion that are equally far apart");
  auto a = std::make_shared<ScheduleArguments>();
  ScheduleSearchOptions& search = a->search;
  command->add_option("--data", a->data, "\"digits\", or a file or folder of images");
  command->add_option("--size", a->size, "Crop and resize the pictures of a folder to SIZE x SIZE")
      ->check(CLI::Range(0, 1 << 16));
  command->add_option("--held-out", a->held_out, "Images kept apart, as in training")
      ->check(CLI::Range(0, 1 << 30));
  command->add_option("--corruption", a->corruption,
                      "blur, blur:HALF,STD, mask, down, scale, identity, or A+B");
  command->add_option("--out", a->out, "The schedule as JSON; its picture goes beside it")
      ->required();
  command->add_option("--candidates", search.candidates, "Levels to choose from")
      ->check(CLI::Range(2, 1 << 14));
  CLI::Option* levels = command->add_option("--levels", search.levels, "How many to choose")
                            ->check(CLI::Range(2, 1 << 14));
  command->add_option("--epsilon", search.epsilon, "The longest step, in the place of --levels")
      ->check(CLI::PositiveNumber);
  command->add_flag("--together", a->together, "Noise and corruption grow together");
  command->add_flag("--natural", a->natural,
                    "No search: images leave the clean ones as in the VE diffusion");
  command->add_option("--sigma-min", search.noise.sigma_min, "Noise at the beginning")
      ->check(CLI::PositiveNumber);
  command->add_option("--sigma-max", search.noise.sigma_max, "Noise at the end")
      ->check(CLI::PositiveNumber);
  command->add_option("--noise-share", search.noise_share, "Of the time, for the noise to grow")
      ->check(CLI::Range(0.0, 0.99));
  command
      ->add_option("--slice", search.distances.slice,
                   "Images that distances are measured on; 0: 512, or a tenth of the data")
      ->check(CLI::Range(0, 1 << 20));
  command->add_flag("--independent", a->independent,
                    "Other images and other noise for each of two levels");
  command
      ->add_option("--regularisation", search.distances.sinkhorn.regularisation,
                   "Of the distances, as a share of the mean squared distance of images")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", search.distances.seed, "Chooses the images and the noise");
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--overwrite", a->overwrite, "Replace existing files");
  command->callback([a, levels, &exit] {
    a->levels_given = levels->count() > 0;
    exit = find_schedule(*a);
  });
}

}  // namespace ito::cli
