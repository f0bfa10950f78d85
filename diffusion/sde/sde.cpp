#include "diffusion/sde/sde.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ito {

Sde::Sde(int N) : N_(N) {
  if (N < 1) fail("sde", "expected at least 1 discretisation step, got N = ", N);
}

Transition Sde::discretise(double t) const {
  double dt = T() / N();
  return {1 + drift(t) * dt, diffusion(t) * std::sqrt(dt)};
}

double Sde::ancestral_noise(double) const {
  fail("ancestral", "the published ancestral sampler is defined for vp and ve, not for ", name());
}

double Sde::langevin_alpha(double t) const { return 1 + 2 * drift(t) / N(); }

int Sde::index(double t) const {
  auto i = static_cast<int>(static_cast<float>(t) * static_cast<float>(N() - 1));
  return std::clamp(i, 0, N() - 1);
}

Transition Sde::transition(double s, double t) const {
  double scale = mean_scale(t) / mean_scale(s);
  double std_s = s > 0 ? std(s) : 0;
  double variance = std(t) * std(t) - scale * scale * std_s * std_s;
  return {scale, std::sqrt(std::max(variance, 0.0))};
}

Tensor Sde::perturb(const Tensor& x_0, const Times& t, const Tensor& z) const {
  auto scale = per_sample(t, [&](double t_n) { return mean_scale(t_n); });
  auto noise = per_sample(t, [&](double t_n) { return std(t_n); });
  return scale_per_sample(x_0, scale) + scale_per_sample(z, noise);
}

std::vector<double> Sde::prior_log_density(const Tensor& z) const {
  auto N_z = static_cast<std::size_t>(z.size(0));
  std::vector<Real> values = z.to_host();
  std::size_t D = N_z ? values.size() / N_z : 0;
  double variance = prior_std() * prior_std();
  double log_normaliser = -0.5 * static_cast<double>(D) * std::log(2 * std::numbers::pi * variance);
  std::vector<double> result(N_z, log_normaliser);
  for (std::size_t i = 0; i < N_z; ++i) {
    for (std::size_t j = 0; j < D; ++j) {
      auto value = static_cast<double>(values[i * D + j]);
      result[i] -= value * value / (2 * variance);
    }
  }
  return result;
}

Tensor scale_per_sample(const Tensor& x, const std::vector<double>& scale) {
  if (x.rank() < 1 || x.size(0) != static_cast<Index>(scale.size()))
    fail("scale_per_sample", "expected one scale for each sample of ", x.shape(), ", got ",
         scale.size());
  Shape shape(x.shape().size(), 1);  // [N, 1, ...]
  shape[0] = x.size(0);
  std::vector<Real> values(scale.begin(), scale.end());
  return x * Tensor(shape, values, x.device());
}

}  // namespace ito
