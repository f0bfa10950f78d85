// ito interpolate

#include "diffusion/latent/interpolate.h"

#include <cmath>
#include <iostream>

#include "diffusion/cli/class_flags.h"
#include "diffusion/cli/command.h"
#include "diffusion/cli/flow_model.h"
#include "diffusion/cli/image_output.h"
#include "diffusion/cli/images.h"
#include "engine/random.h"

namespace ito::cli {
namespace {

struct InterpolateArguments {
  FlowArguments flow;
  std::string data, codes;
  std::vector<Index> from = {0}, to = {1};
  Index frames = 9;
  double temperature = 1;
  std::uint64_t seed = 0;
  ClassFlags classes;
  ImageOutput out;
};

/// Codes of the prior by number: those that `ito sample --sampler ode` starts from.
Tensor prior_codes(const FlowModel& flow, const std::vector<Index>& numbers, std::uint64_t seed) {
  Shape one = flow.model().item();
  one.insert(one.begin(), 1);
  std::vector<Tensor> rows;
  for (const Index n : numbers)
    rows.push_back(random_normal(one, {.seed = seed, .purpose = Purpose::prior, .first_image = n}));
  return concat(rows, 0) * flow.model().sde().prior_std();
}

/// The scores whose flows make the images of the two ends: equal but between two classes.
struct EndScores {
  Score from, to;
  bool differ = false;
};

EndScores end_scores(const ClassScores& classes) {
  const std::vector<Score> scores = classes.scores();
  if (scores.size() > 2)
    throw UsageError(
        text("--class: expected one class, or the two to go between, got ", scores.size()));
  return {scores.front(), scores.back(), scores.size() == 2};
}

std::optional<Tensor> codes_of_images(const InterpolateArguments& a, const FlowModel& flow,
                                      const EndScores& scores) {
  const ImageSet set = images_for(flow.model(), a.flow.run, a.data);
  const auto from = flow.to_codes(batch(set, a.from, flow.range()), scores.from);
  if (!from) return {};
  const auto to = flow.to_codes(batch(set, a.to, flow.range()), scores.to);
  if (!to) return {};
  return concat({from->x, to->x}, 0);
}

/// The codes of the ends, first those of --from and then those of --to.
std::optional<Tensor> ends(const InterpolateArguments& a, const FlowModel& flow,
                           const EndScores& scores) {
  if (!a.data.empty()) return codes_of_images(a, flow, scores);
  std::vector<Index> numbers = a.from;
  numbers.insert(numbers.end(), a.to.begin(), a.to.end());
  if (!a.codes.empty()) return rows_of(read_codes(a.codes, flow.model()), numbers, a.codes);
  return prior_codes(flow, numbers, a.seed);
}

/// The images of codes [rows * frames, ...], frame by frame: each frame has a score of its own.
std::optional<Tensor> images_between(const FlowModel& flow, const EndScores& scores,
                                     const Tensor& codes, Index frames) {
  if (!scores.differ) {
    const auto images = flow.to_images(codes, scores.from);
    return images ? std::optional(images->x) : std::nullopt;
  }
  const Index rows = codes.size(0) / frames;
  std::vector<Tensor> cells(static_cast<std::size_t>(codes.size(0)));
  for (Index k = 0; k < frames; ++k) {
    std::vector<Index> numbers;
    for (Index row = 0; row < rows; ++row) numbers.push_back(row * frames + k);
    const double u = static_cast<double>(k) / static_cast<double>(frames - 1);
    const auto images =
        flow.to_images(rows_of(codes, numbers, "codes"), between(scores.from, scores.to, u));
    if (!images) return {};
    for (Index row = 0; row < rows; ++row)
      cells[static_cast<std::size_t>(row * frames + k)] = slice(images->x, 0, row, row + 1);
  }
  return concat(cells, 0);
}

Sources sources_of(const InterpolateArguments& a) {
  Sources sources = {{{"--run", checkpoint_of(a.flow.run)}}};
  if (!a.codes.empty()) sources.files.push_back({"--codes", a.codes});
  a.classes.add_to(sources);
  return sources;
}

void check(const InterpolateArguments& a) {
  a.out.check();
  if (a.from.size() != a.to.size())
    throw UsageError(
        text("--from has ", a.from.size(), " numbers, --to ", a.to.size(), ": expected as many"));
  if (!(a.temperature > 0 && std::isfinite(a.temperature)))
    throw UsageError(text("--temperature: expected a number above 0, got ", a.temperature));
}

int interpolate(const InterpolateArguments& a) {
  check(a);
  const FlowModel flow(a.flow);
  a.out.check_item(flow.model().item());
  Index evaluations = 0;
  const EndScores scores = end_scores(ClassScores(a.classes, flow.model(), evaluations));
  const auto z = ends(a, flow, scores);
  const auto rows = static_cast<Index>(a.from.size());
  std::optional<Tensor> images;
  if (z) {
    const Tensor path =
        interpolations(slice(*z, 0, 0, rows), slice(*z, 0, rows, 2 * rows), a.frames);
    images = images_between(flow, scores, path * a.temperature, a.frames);
  }
  if (!images) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  a.out.write(*images, flow.range(), a.frames, sources_of(a));
  std::cout << rows << (rows == 1 ? " row of " : " rows of ") << a.frames
            << " images: " << a.out.path << std::endl;
  return Exit::ok;
}

}  // namespace

void add_interpolate(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "interpolate",
      "Images between images, along great circles between their latent codes: one row each");
  auto a = std::make_shared<InterpolateArguments>();
  a->flow.add_to(*command);
  CLI::Option* data = command->add_option(
      "--data", a->data, "Between images of this: held-out, train, or another data set");
  command->add_option("--codes", a->codes, "Between codes of this file; else, of the prior")
      ->excludes(data);
  command->add_option("--from", a->from, "Numbers of the images, codes or samples to start at")
      ->check(CLI::Range(Index{0}, Index{1} << 31));
  command->add_option("--to", a->to, "and to end at")->check(CLI::Range(Index{0}, Index{1} << 31));
  command->add_option("--frames", a->frames, "Images in a row, both ends included")
      ->check(CLI::Range(2, 1 << 12));
  command->add_option("--temperature", a->temperature, "Multiplies the codes last");
  command->add_option("--seed", a->seed, "Seed of the prior's codes");
  a->classes.add_to(*command);
  a->out.add_to(*command);
  command->callback([a, &exit] { exit = interpolate(*a); });
}

}  // namespace ito::cli
