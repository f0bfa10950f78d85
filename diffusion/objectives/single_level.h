#pragma once
// Denoising score matching at one noise level (Vincent 2011): the score of the
// perturbed data q(y) = E N(y; x_0, sigma^2 I) is learned by regression on that of the kernel,
//   J = E 1/2 |s(y) + (y - x_0) / sigma^2|^2,   y = x_0 + sigma z,
// which exceeds the explicit objective of q by 1/2 (D / sigma^2 - E_q |grad log q|^2).

#include "diffusion/objectives/loss.h"
#include "diffusion/sde/sde.h"

namespace ito {

/// x_0 [N, ...], z like x_0; the times are handed on to the score. Throws unless sigma > 0.
Loss single_level_loss(const Score& score, const Tensor& x_0, const Times& t, double sigma,
                       const Tensor& z);

}  // namespace ito
