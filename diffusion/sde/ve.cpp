#include "diffusion/sde/ve.h"

#include <cmath>

namespace ito {

VeSde::VeSde(double sigma_min, double sigma_max, int N)
    : Sde(N), sigma_min_(sigma_min), sigma_max_(sigma_max) {
  if (!(sigma_min > 0 && sigma_min < sigma_max))
    fail("ve", "expected 0 < sigma_min < sigma_max, got ", sigma_min, " and ", sigma_max);
  for (int i = 0; i < N; ++i) sigmas_.push_back(std(N > 1 ? static_cast<double>(i) / (N - 1) : 0));
}

double VeSde::std(double t) const { return sigma_min_ * std::pow(sigma_max_ / sigma_min_, t); }

double VeSde::diffusion(double t) const {
  return std(t) * std::sqrt(2 * std::log(sigma_max_ / sigma_min_));
}

Parametrisation VeSde::parametrise(double t, Labels labels) const {
  if (labels == Labels::continuous) return {std(t), 1};
  return {std::nearbyint((1 - t) * (N() - 1)), 1};  // half to even, as published
}

Transition VeSde::discretise(double t) const {
  int i = index(t);
  double sigma = sigmas_[static_cast<std::size_t>(i)], before = sigma_before(i);
  return {1, std::sqrt(sigma * sigma - before * before)};
}

double VeSde::ancestral_noise(double t) const {
  int i = index(t);
  return discretise(t).noise * sigma_before(i) / sigmas_[static_cast<std::size_t>(i)];
}

}  // namespace ito
