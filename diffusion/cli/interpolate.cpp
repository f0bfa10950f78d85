// ito interpolate

#include "diffusion/latent/interpolate.h"

#include <cmath>
#include <iostream>

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

std::optional<Tensor> codes_of_images(const InterpolateArguments& a, const FlowModel& flow,
                                      const std::vector<Index>& numbers) {
  const ImageSet set = images_for(flow.model(), a.flow.run, a.data);
  const auto codes = flow.to_codes(batch(set, numbers, flow.range()));
  if (!codes) return {};
  return codes->x;
}

/// The codes of the ends, first those of --from and then those of --to.
std::optional<Tensor> ends(const InterpolateArguments& a, const FlowModel& flow) {
  std::vector<Index> numbers = a.from;
  numbers.insert(numbers.end(), a.to.begin(), a.to.end());
  if (!a.data.empty()) return codes_of_images(a, flow, numbers);
  if (!a.codes.empty()) return rows_of(read_codes(a.codes, flow.model()), numbers, a.codes);
  return prior_codes(flow, numbers, a.seed);
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
  const auto z = ends(a, flow);
  const auto rows = static_cast<Index>(a.from.size());
  std::optional<Carried> images;
  if (z) {
    const Tensor path =
        interpolations(slice(*z, 0, 0, rows), slice(*z, 0, rows, 2 * rows), a.frames);
    images = flow.to_images(path * a.temperature);
  }
  if (!images) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  a.out.write(images->x, flow.range(), a.frames);
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
  a->out.add_to(*command);
  command->callback([a, &exit] { exit = interpolate(*a); });
}

}  // namespace ito::cli
