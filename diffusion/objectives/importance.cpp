#include "diffusion/objectives/importance.h"

#include <algorithm>
#include <cmath>

#include "diffusion/sde/noise_level.h"

namespace ito {

Times draw_importance_times(const Sde& sde, Index examples, const BatchAddress& address,
                            double eps) {
  const double first = noise_level(sde, eps), last = noise_level(sde, sde.T());
  auto u = uniform_per_image(examples, address.stream(Purpose::time));
  return per_sample(u, [&](double u_n) {
    return std::max(eps, time_of_level(sde, first * std::pow(last / first, u_n)));
  });
}

double importance_weight(const Sde& sde, double eps) {
  return 2 * (log_snr(sde, eps) - log_snr(sde, sde.T())) / (sde.T() - eps);
}

Loss importance_loss(const Sde& sde, const Score& score, const Tensor& x_0, const Times& t,
                     const Tensor& z, Reduction reduction, double eps) {
  const double weight = importance_weight(sde, eps);
  const Loss loss = denoising_loss(sde, score, x_0, t, z, {Weighting::variance, reduction});
  return {loss.per_example * weight, loss.mean * weight};
}

}  // namespace ito
