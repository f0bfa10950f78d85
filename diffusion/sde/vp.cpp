#include "diffusion/sde/vp.h"

#include <cmath>
#include <utility>

namespace ito {

VpSde::VpSde(BetaSchedule beta, int N) : Sde(N), beta_(std::move(beta)), betas_(beta_.discrete(N)) {
  double log_product = 0;
  for (double beta_i : betas_) {
    log_product += std::log1p(-beta_i);
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
