#include "diffusion/objectives/denoising.h"

namespace ito {

Loss denoising_loss(const Sde& sde, const Score& score, const Tensor& x_0, const Times& t,
                    const Tensor& z, DenoisingOptions options) {
  Tensor s = score(sde.perturb(x_0, t, z), t);
  auto std = per_sample(t, [&](double t_n) { return sde.std(t_n); });
  if (options.weighting == Weighting::variance)
    return squared_loss(scale_per_sample(s, std) + z, options.reduction);

  auto precision = per_sample(std, [](double std_n) { return 1 / std_n; });
  auto g2 = per_sample(t, [&](double t_n) { return sde.diffusion(t_n) * sde.diffusion(t_n); });
  return squared_loss(s + scale_per_sample(z, precision), options.reduction, g2);
}

}  // namespace ito
