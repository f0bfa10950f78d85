#include "diffusion/samplers/langevin.h"

#include <cmath>
#include <numeric>

namespace ito {

Update langevin_step(const Tensor& x, const Tensor& score, const std::vector<double>& step_size,
                     const Tensor& z) {
  auto noise = per_sample(step_size, [](double e) { return std::sqrt(2 * e); });
  Tensor mean = x + scale_per_sample(score, step_size);
  return {mean + scale_per_sample(z, noise), mean};
}

StepRule annealed_step(const Sde& sde, double snr) {
  return [&sde, snr](double t) {
    const double size = snr * sde.std(t);
    return 2 * sde.langevin_alpha(t) * size * size;
  };
}

namespace {

std::vector<double> norms(const Tensor& x, LangevinNorms kind) {
  Tensor squares = sum(reshape(square(x), {x.size(0), -1}), {1});  // [N]
  std::vector<double> norm;
  for (Real value : squares.to_host()) norm.push_back(std::sqrt(static_cast<double>(value)));
  if (kind == LangevinNorms::batch_mean) {
    double total = std::accumulate(norm.begin(), norm.end(), 0.0);
    norm.assign(norm.size(), total / static_cast<double>(norm.size()));
  }
  return norm;
}

}  // namespace

Update Langevin::step(const Tensor& x, const Times& t, const Tensor& z) const {
  Tensor score = score_(x, t);
  std::vector<double> z_norm = norms(z, norms_), s_norm = norms(score, norms_), e;
  for (std::size_t n = 0; n < t.size(); ++n) {
    if (!(s_norm[n] > 0))
      fail("langevin", "the score of sample ", n, " at t = ", t[n], " has norm ", s_norm[n],
           ", which gives no step size");
    double ratio = snr_ * z_norm[n] / s_norm[n];
    e.push_back(2 * sde_.langevin_alpha(t[n]) * ratio * ratio);
  }
  return langevin_step(x, score, e, z);
}

}  // namespace ito
