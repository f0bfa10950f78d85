#pragma once
// Denoising score matching over continuous time (Vincent 2011; Song et al. 2021, equation 7): the
// score of p(x_t | x_0) is -z / std(t) at x_t = mean_scale(t) x_0 + std(t) z, and the network that
// regresses on it learns the score of p_t.

#include "diffusion/objectives/loss.h"
#include "diffusion/sde/sde.h"

namespace ito {

/// lambda(t) of equation 7.
enum class Weighting {
  variance,   ///< std(t)^2: the residual is std(t) s(x_t, t) + z
  likelihood  ///< g(t)^2 (Song et al. 2021, "Maximum likelihood"): residual s(x_t, t) + z / std(t)
};

struct DenoisingOptions {
  Weighting weighting = Weighting::variance;
  Reduction reduction = Reduction::mean;
};

/// x_0 [N, ...], one time per example, z like x_0.
Loss denoising_loss(const Sde& sde, const Score& score, const Tensor& x_0, const Times& t,
                    const Tensor& z, DenoisingOptions options = {});

}  // namespace ito
