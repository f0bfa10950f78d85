#pragma once
// Sliced score matching (Song, Garg, Shi and Ermon 2019): implicit score matching seen along
// random projections v, E v v^T = I, at one vector-Jacobian product each whatever the dimension,
//   J = E_p E_v [ v^T (ds/dx) v + 1/2 (v^T s)^2 ],
// or, with reduced variance, the second term in closed form: 1/2 |s|^2.

#include "diffusion/objectives/draws.h"
#include "diffusion/objectives/loss.h"
#include "diffusion/probe.h"

namespace ito {

enum class Variance {
  plain,   ///< SSM: 1/2 (v^T s)^2
  reduced  ///< SSM-VR: 1/2 |s|^2
};

/// x [N, ...] samples of p_t at one time each, v one or more projections like x, whose mean is
/// taken. The loss may be negative.
Loss sliced_loss(const Score& score, const Tensor& x, const Times& t, const std::vector<Tensor>& v,
                 Variance variance = Variance::reduced);

/// `count` projections for a batch, from Purpose::probe.
std::vector<Tensor> draw_projections(ProbeType type, const Shape& shape, Index count,
                                     const BatchAddress& address, Device device = Device::cpu);

}  // namespace ito
