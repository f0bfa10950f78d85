#pragma once
// The simple loss of DDPM (Ho et al. 2020, equation 14): the network predicts the noise z in
// x_i = sqrt(acp_i) x_0 + sqrt(1 - acp_i) z from x_i and the index i.

#include "diffusion/objectives/loss.h"
#include "diffusion/sde/vp.h"
#include "nn/networks/score_network.h"

namespace ito {

/// x_0 [N, ...], one index in [0, N) of the discrete form per example, z like x_0.
Loss ddpm_loss(const VpSde& sde, const nn::ScoreNetwork& network, const Tensor& x_0,
               const std::vector<Index>& i, const Tensor& z, Reduction reduction = Reduction::mean,
               const RandomStream* dropout = nullptr);

}  // namespace ito
