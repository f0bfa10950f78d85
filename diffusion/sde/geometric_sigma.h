#pragma once
// The noise schedule of VE: sigma(t) = min^(1-t) max^t, t in [0, 1] (Song et al. 2021, equation
// 30; its discrete form: Song and Ermon 2019).

#include <cmath>
#include <vector>

#include "engine/error.h"

namespace ito {

struct GeometricSigma {
  double min = 0.01, max = 50;

  double operator()(double t) const { return min * std::pow(max / min, t); }
  /// d log(sigma) / dt, the same at all times.
  double log_slope() const { return std::log(max / min); }
  /// sigma_i, i from 0: N values from `min` (the only one, for N = 1) to `max`.
  std::vector<double> discrete(int N) const {
    std::vector<double> sigmas;
    for (int i = 0; i < N; ++i)
      sigmas.push_back((*this)(N > 1 ? static_cast<double>(i) / (N - 1) : 0));
    return sigmas;
  }
  /// Throws unless 0 < min < max.
  void check() const {
    if (!(min > 0 && min < max))
      fail("sigma", "expected 0 < sigma_min < sigma_max, got ", min, " and ", max);
  }
};

}  // namespace ito
