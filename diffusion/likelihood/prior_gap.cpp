#include "diffusion/likelihood/prior_gap.h"

#include <cmath>

namespace ito {

double gaussian_divergence(double v, double w, double d) {
  return 0.5 * (std::log(w / v) + (v + d * d) / w - 1);
}

std::vector<double> prior_divergence(double scale, double std, double prior_std,
                                     const Tensor& x_0) {
  const std::vector<Real> x = x_0.to_host();
  const auto n = static_cast<std::size_t>(x_0.size(0));
  std::vector<double> nats(n, 0);
  for (std::size_t j = 0; j < x.size(); ++j)
    nats[j / (x.size() / n)] +=
        gaussian_divergence(std * std, prior_std * prior_std, scale * static_cast<double>(x[j]));
  return nats;
}

}  // namespace ito
