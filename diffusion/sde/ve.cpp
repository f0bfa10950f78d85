#include "diffusion/sde/ve.h"

#include <cmath>

namespace ito {

VeSde::VeSde(GeometricSigma sigma, int N) : Sde(N), sigma_(sigma) {
  sigma.check();
  sigmas_ = sigma.discrete(N);
}

double VeSde::diffusion(double t) const { return std(t) * std::sqrt(2 * sigma_.log_slope()); }

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
