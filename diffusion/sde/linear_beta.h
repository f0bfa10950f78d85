#pragma once
// The noise schedule of VP and sub-VP: beta(t) grows linearly over t in [0, 1] (Song et al. 2021,
// equation 32).

namespace ito {

struct LinearBeta {
  double min = 0.1, max = 20;

  double operator()(double t) const { return min + t * (max - min); }
  /// log of the mean's scale: -1/2 integral of beta from 0 to t.
  double log_mean_scale(double t) const { return -t * t * (max - min) / 4 - t * min / 2; }
};

}  // namespace ito
