#include "diffusion/sde/noise_level.h"

#include <cmath>

namespace ito {

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
