#include "diffusion/objectives/implicit.h"

#include "diffusion/objectives/score_jacobian.h"

namespace ito {

Loss implicit_loss(const Score& score, const Tensor& x, const Times& t) {
  const ScoreJacobian s(score, x, t);
  const Tensor loss = s.trace() + 0.5 * dot_per_sample(s.value(), s.value());
  return {loss, mean(loss)};
}

}  // namespace ito
