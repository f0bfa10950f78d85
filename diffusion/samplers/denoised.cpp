#include "diffusion/samplers/denoised.h"

#include <cmath>

namespace ito {

Tensor denoised(const Sde& sde, const Tensor& x, const Times& t, const Tensor& s) {
  auto variance = per_sample(t, [&](double t_n) { return sde.std(t_n) * sde.std(t_n); });
  auto inverse_m = per_sample(t, [&](double t_n) { return 1 / sde.mean_scale(t_n); });
  return scale_per_sample(x + scale_per_sample(s, variance), inverse_m);
}

double noise_level(const Sde& sde, double t) { return t > 0 ? sde.std(t) / sde.mean_scale(t) : 0; }

double log_snr(const Sde& sde, double t) { return -std::log(noise_level(sde, t)); }

double time_of_level(const Sde& sde, double level) {
  double low = 0, high = sde.T();
  if (level >= noise_level(sde, high)) return high;
  for (int i = 0; i < 60; ++i) {  // bisection down to the spacing of doubles
    const double middle = (low + high) / 2;
    (noise_level(sde, middle) < level ? low : high) = middle;
  }
  return high;
}

}  // namespace ito
