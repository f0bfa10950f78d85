// ito noise-levels

#include "diffusion/noise_levels.h"

#include <cmath>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "diffusion/cli/command.h"
#include "diffusion/data/open.h"

namespace ito::cli {
namespace {

using nlohmann::json;

struct NoiseLevelArguments {
  std::string data = "digits";
  Index size = 0, dimension = 0, levels = 0, T = 5, threads = 0;
  double sigma_max = 0, sigma_min = 0.01;
};

/// What is measured on the data, or given in its place.
struct Measured {
  Index D;
  double sigma_1;
};

Measured measure(const NoiseLevelArguments& a) {
  if (a.dimension > 0) {
    if (a.sigma_max <= 0)
      throw UsageError("--dimension says nothing of distances: --sigma-max is required with it");
    return {a.dimension, a.sigma_max};
  }
  const ImageSet images = open_images(a.data, {.size = a.size, .held_out = 0}).train;
  const Index D = images.item.elements();
  std::cout << images.source << ": " << grouped(images.count) << " images " << images.item
            << ", D = " << D << ", in [0, 1]\n";
  if (a.sigma_max > 0) return {D, a.sigma_max};
  const FarPair far = largest_distance(images);
  if (far.distance == 0) fail("noise-levels", images.source, ": all images are the same");
  std::cout << "technique 1: sigma_1 = " << far.distance << ", the distance of images " << far.first
            << " and " << far.second << ", the largest\n";
  return {D, far.distance};
}

/// "L = 232 levels from 50 to 0.01: gamma = 1.0376, overlap 0.567"
void tell_levels(Index D, double sigma_1, double sigma_L, Index L) {
  const double gamma = ratio_of_levels(sigma_1, sigma_L, L);
  std::cout << "L = " << L << " levels from " << sigma_1 << " to " << sigma_L
            << ": gamma = " << gamma << ", overlap " << std::setprecision(3)
            << level_overlap(D, gamma) << std::setprecision(5) << "\n";
}

void tell_step(double sigma_L, double gamma, Index L, Index T) {
  const LangevinStep step = best_langevin_step(sigma_L, gamma, T);
  std::cout << "technique 4: for L = " << L << ", T = " << T
            << " steps a level: eps = " << std::setprecision(2) << step.eps
            << ", s_T^2 / sigma^2 = " << std::setprecision(5) << step.variance << ", its minimum\n";
}

/// The part of a configuration that follows: e = 2 (snr sigma)^2 = eps sigma^2 / sigma_L^2.
json configuration(double sigma_1, double sigma_L, Index L, const LangevinStep& step, Index T) {
  const double snr = std::sqrt(step.eps / 2) / sigma_L;
  return {{"data", {{"range", "unit"}}},
          {"sde", {{"type", "ve"}, {"sigma_min", sigma_L}, {"sigma_max", sigma_1}, {"N", L}}},
          {"objective", {{"type", "smld"}, {"reduction", "half_sum"}}},
          {"sampling",
           {{"predictor", "none"},
            {"corrector", "ald"},
            {"snr", snr},
            {"steps", L},
            {"corrector_steps", T},
            {"eps", 1e-5}}}};
}

int noise_levels(const NoiseLevelArguments& a) {
  use_threads(a.threads);
  std::cout << std::setprecision(5);
  const auto [D, sigma_1] = measure(a);
  const double sigma_L = a.sigma_min, gamma = level_ratio(D);
  const Index L = level_count(sigma_1, sigma_L, gamma);
  std::cout << "technique 2: gamma = " << gamma << " has overlap 0.5 in D = " << D
            << " dimensions\n";
  tell_levels(D, sigma_1, sigma_L, L);
  if (a.levels > 0) tell_levels(D, sigma_1, sigma_L, a.levels);
  if (D == 3072) {
    std::cout << "published for CIFAR-10: ";
    tell_levels(D, 50, 0.01, 232);
  }
  const Index chosen = a.levels > 0 ? a.levels : L;
  const double ratio = ratio_of_levels(sigma_1, sigma_L, chosen);
  tell_step(sigma_L, ratio, chosen, a.T);
  std::cout << "configuration:\n"
            << configuration(sigma_1, sigma_L, chosen, best_langevin_step(sigma_L, ratio, a.T), a.T)
                   .dump(2)
            << std::endl;
  return Exit::ok;
}

}  // namespace

void add_noise_levels(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "noise-levels", "Noise levels and step size from the data, for annealed Langevin sampling");
  auto a = std::make_shared<NoiseLevelArguments>();
  command->add_option("--data", a->data, "\"digits\", or a file or folder of images");
  command->add_option("--size", a->size, "Crop and resize the pictures of a folder to SIZE x SIZE")
      ->check(CLI::Range(0, 1 << 16));
  command->add_option("--dimension", a->dimension, "Dimensions, in the place of data")
      ->check(CLI::Range(5, 1 << 30));
  command->add_option("--sigma-max", a->sigma_max, "Largest level, in the place of technique 1")
      ->check(CLI::PositiveNumber);
  command->add_option("--sigma-min", a->sigma_min, "Smallest level")->check(CLI::PositiveNumber);
  command->add_option("--levels", a->levels, "Their number, in the place of technique 2")
      ->check(CLI::Range(1, 1000000));
  command->add_option("--corrector-steps", a->T, "Langevin steps at each level")
      ->check(CLI::Range(1, 1 << 16));
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->callback([a, &exit] { exit = noise_levels(*a); });
}

}  // namespace ito::cli
