#include "diffusion/objectives/explicit.h"

namespace ito {

Loss explicit_loss(const Score& score, const Score& truth, const Tensor& x, const Times& t) {
  return squared_loss(score(x, t) - truth(x, t).detach(), Reduction::half_sum);
}

}  // namespace ito
