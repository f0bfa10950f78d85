#include "nn/layers/sigma_scale.h"

#include <cmath>

#include "engine/ops.h"

namespace ito::nn {

std::vector<double> descending_sigmas(double min, double max, Index n) {
  if (!(min > 0 && max >= min && n >= 1)) {
    fail("sigmas", "expected 0 < sigma_min <= sigma_max and at least one scale, got ", min, ", ",
         max, " and ", n, " scales");
  }
  std::vector<double> sigmas;
  for (Index i = 0; i < n; ++i) {
    const double share = n == 1 ? 0 : static_cast<double>(i) / static_cast<double>(n - 1);
    const double log_sigma = std::log(max) + share * (std::log(min) - std::log(max));
    sigmas.push_back(static_cast<float>(std::exp(log_sigma)));
  }
  return sigmas;
}

Tensor divide_by_sigma(const Tensor& y, const std::vector<double>& sigmas) {
  std::vector<Real> used;
  for (const double sigma : sigmas) {
    if (!(sigma > 0)) fail("divide_by_sigma", "expected noise levels above 0, got ", sigma);
    used.push_back(static_cast<Real>(sigma));
  }
  Shape per_sample(y.shape().size(), 1);
  per_sample[0] = static_cast<Index>(sigmas.size());
  return y / Tensor(per_sample, used, y.device());
}

Tensor divide_by_sigma(const Tensor& y, const std::vector<double>& labels,
                       const std::vector<double>& sigmas) {
  std::vector<double> used;
  for (const double label : labels) {
    const double i = std::trunc(label);
    if (!(i >= 0 && i < static_cast<double>(sigmas.size()))) {
      fail("divide_by_sigma", "expected labels in [0, ", sigmas.size(), "), got ", label);
    }
    used.push_back(sigmas[static_cast<std::size_t>(i)]);
  }
  return divide_by_sigma(y, used);
}

}  // namespace ito::nn
