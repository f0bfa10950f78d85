#include "diffusion/soft/natural_schedule.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"

namespace ito {

namespace {

constexpr Index parameters_tried = 256;

/// Parameters from the clean to the strongest, and how far images are from themselves there.
struct Departure {
  std::vector<double> parameter;
  std::vector<double> squared;  ///< mean of |C x - x|^2, made to never fall
};

Departure departure(const Tensor& images, const Corruption& C) {
  const NoGrad no_grad;
  Departure d;
  double largest = 0;
  for (Index k = 0; k < parameters_tried; ++k) {
    const double u = static_cast<double>(k) / static_cast<double>(parameters_tried - 1);
    const double a =
        k + 1 < parameters_tried ? C.clean() + u * (C.strongest() - C.clean()) : C.strongest();
    const double squared = sum_squares(C.apply(images, a) - images);
    largest = std::max(largest, squared / static_cast<double>(images.size(0)));
    d.parameter.push_back(a);
    d.squared.push_back(largest);
  }
  return d;
}

/// The parameter at which they are this far, linear between those tried.
double parameter_at(const Departure& d, double squared) {
  const auto above = std::ranges::lower_bound(d.squared, squared);
  if (above == d.squared.end()) return d.parameter.back();
  if (above == d.squared.begin()) return d.parameter.front();
  const auto i = static_cast<std::size_t>(above - d.squared.begin());
  const double u = (squared - d.squared[i - 1]) / (d.squared[i] - d.squared[i - 1]);
  return d.parameter[i - 1] + u * (d.parameter[i] - d.parameter[i - 1]);
}

}  // namespace

Schedule natural_schedule(const Tensor& images, const Corruption& C, const NoiseRange& noise,
                          double noise_share, DataIdentity data, Index levels) {
  const Departure d = departure(images, C);
  if (!(d.squared.back() > 0))
    fail("schedule", "the corruption ", C.name(), " does not change these images");
  const double sigma = noise.sigma_max;
  const double noise_alone = static_cast<double>(C.item().elements()) * sigma * sigma;
  std::vector<CorruptionLevel> path;
  for (Index k = 0; k + 1 < levels; ++k) {
    const double u = static_cast<double>(k) / static_cast<double>(levels - 1);
    const double target = noise_alone * std::pow(1 + d.squared.back() / noise_alone, u);
    path.push_back({parameter_at(d, target - noise_alone), sigma});
  }
  path.push_back({C.strongest(), sigma});
  return schedule_along(C, path, noise_share, noise.sigma_min, std::move(data));
}

}  // namespace ito
