#include "diffusion/samplers/annealed_langevin.h"

#include "diffusion/samplers/langevin.h"

namespace ito {

Update AnnealedLangevin::step(const Tensor& x, const Times& t, const Tensor& z) const {
  return langevin_step(x, score_(x, t), per_sample(t, annealed_step(sde_, snr_)), z);
}

}  // namespace ito
