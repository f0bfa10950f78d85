#include "diffusion/samplers/annealed_langevin.h"

#include "diffusion/samplers/langevin.h"

namespace ito {

Update AnnealedLangevin::step(const Tensor& x, const Times& t, const Tensor& z) const {
  auto e = per_sample(t, [&](double t_n) {
    double size = snr_ * sde_.std(t_n);
    return 2 * sde_.langevin_alpha(t_n) * size * size;
  });
  return langevin_step(x, score_(x, t), e, z);
}

}  // namespace ito
