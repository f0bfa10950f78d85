#include "diffusion/samplers/denoised.h"

namespace ito {

Tensor denoised(const Sde& sde, const Tensor& x, const Times& t, const Tensor& s) {
  auto variance = per_sample(t, [&](double t_n) { return sde.std(t_n) * sde.std(t_n); });
  auto inverse_m = per_sample(t, [&](double t_n) { return 1 / sde.mean_scale(t_n); });
  return scale_per_sample(x + scale_per_sample(s, variance), inverse_m);
}

}  // namespace ito
