#include "diffusion/sde/vp.h"

#include <algorithm>
#include <cmath>

namespace ito {

VpSde::VpSde(LinearBeta beta, int N) : Sde(N), beta_(beta) {
  if (!(beta.min >= 0 && beta.min <= beta.max))
    fail("vp", "expected 0 <= beta_min <= beta_max, got ", beta.min, " and ", beta.max);
  if (N <= beta.max)
    fail("vp", "expected more than beta_max = ", beta.max, " discretisation steps, got N = ", N);
  double log_product = 0;
  for (int i = 0; i < N; ++i) {
    double beta_i = beta(N > 1 ? static_cast<double>(i) / (N - 1) : 0) / N;
    log_product += std::log1p(-beta_i);
    betas_.push_back(beta_i);
    alphas_cumprod_.push_back(std::exp(log_product));
    discrete_stds_.push_back(std::sqrt(-std::expm1(log_product)));
  }
}

double VpSde::diffusion(double t) const { return std::sqrt(beta_(t)); }

double VpSde::mean_scale(double t) const { return std::exp(beta_.log_mean_scale(t)); }

double VpSde::std(double t) const { return std::sqrt(-std::expm1(2 * beta_.log_mean_scale(t))); }

Parametrisation VpSde::parametrise(double t, Labels labels) const {
  if (labels == Labels::continuous) return {999 * t, -1 / std(t)};
  return {(N() - 1) * t, -1 / discrete_stds_[static_cast<std::size_t>(index(t))]};
}

Transition VpSde::discretise(double t) const {
  double beta_i = betas_[static_cast<std::size_t>(index(t))];
  return {std::sqrt(1 - beta_i), std::sqrt(beta_i)};
}

double VpSde::langevin_alpha(double t) const {
  return 1 - betas_[static_cast<std::size_t>(index(t))];
}

}  // namespace ito
