#pragma once
// Implicit score matching (Hyvarinen 2005, theorem 1): integration by parts takes the unknown score
// out of the explicit objective,
//   J = E_p [ tr(ds/dx) + 1/2 |s|^2 ] + 1/2 E_p |grad log p|^2,
// of which this is the expectation on the left. The trace is exact and costs D vector-Jacobian
// products: for small D.

#include "diffusion/objectives/loss.h"
#include "diffusion/sde/sde.h"

namespace ito {

/// x [N, ...] samples of p_t at one time each. The loss may be negative.
Loss implicit_loss(const Score& score, const Tensor& x, const Times& t);

}  // namespace ito
