#include "diffusion/objectives/single_level.h"

namespace ito {

Loss single_level_loss(const Score& score, const Tensor& x_0, const Times& t, double sigma,
                       const Tensor& z) {
  if (!(sigma > 0)) fail("single_level_loss", "expected sigma > 0, got ", sigma);
  return squared_loss(score(x_0 + sigma * z, t) + z / sigma, Reduction::half_sum);
}

}  // namespace ito
