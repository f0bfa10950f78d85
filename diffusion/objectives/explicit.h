#pragma once
// Explicit score matching (Hyvarinen 2005, equation 2): the squared distance to a score that is
// known,
//   J = E_p 1/2 |s(x, t) - grad_x log p_t(x)|^2,
// the Fisher divergence. Every other objective equals it up to a constant, without knowing the
// score.

#include "diffusion/objectives/loss.h"
#include "diffusion/sde/sde.h"

namespace ito {

/// x [N, ...] samples of p_t at one time each; `truth` is the score of p_t.
Loss explicit_loss(const Score& score, const Score& truth, const Tensor& x, const Times& t);

}  // namespace ito
