#include "diffusion/soft/scaled_identity.h"

#include "diffusion/sde/sde.h"

namespace ito {

Tensor ScaledIdentity::corrupt(const Tensor& x, const std::vector<double>& alpha) const {
  return scale_per_sample(x, alpha);
}

}  // namespace ito
