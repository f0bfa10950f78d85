#include "diffusion/truth/targets.h"

#include <cmath>

namespace ito {

namespace {

GaussianMixture low_rank() {
  std::vector<double> mean(16, 0.2), variances(16, 0.01);
  for (std::size_t i = 0; i < 4; ++i) variances[i] = 1;
  return GaussianMixture::diagonal({1}, {mean}, {variances});
}

GaussianMixture plane() {
  return GaussianMixture::full({0.5, 0.3, 0.2}, {{1.0, 0.5}, {-1.0, 0.8}, {0.2, -1.2}},
                               {{0.10, 0.06, 0.06, 0.08}, {0.06, 0, 0, 0.12}, {0.09, 0, 0, 0.05}});
}

GaussianMixture many_dimensions() {
  constexpr Index D = 64, modes = 4;
  const auto z = random_normal({modes, D}, {.seed = 64, .purpose = Purpose::init}).to_host();
  std::vector<std::vector<double>> means;
  for (Index k = 0; k < modes; ++k) {
    means.emplace_back(z.begin() + k * D, z.begin() + (k + 1) * D);
    for (double& mean : means.back()) mean *= std::sqrt(0.5);
  }
  const std::vector<std::vector<double>> variances(modes, std::vector<double>(D, 0.1));
  return GaussianMixture::diagonal({0.4, 0.3, 0.2, 0.1}, means, variances);
}

}  // namespace

std::vector<Target> truth_targets() {
  return {{"gaussian", GaussianMixture::diagonal({1}, {{0.5, -0.3}}, {{1, 0.1}})},
          {"low_rank", low_rank()},
          {"mixture_2d", plane()},
          {"mixture_64d", many_dimensions()}};
}

}  // namespace ito
