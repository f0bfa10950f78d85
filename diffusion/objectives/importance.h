#pragma once
// Importance sampling of t for the likelihood weighting (Song, Durkan, Murray and Ermon 2021,
// "Maximum Likelihood Training of Score-Based Diffusion Models"). The weight of
//   |std s + z|^2   in   g^2 |s + z / std|^2   is   g^2 / std^2,
// which varies by orders of magnitude. Drawing t with a density proportional to it leaves a
// constant weight, and the same expectation. For every linear SDE
//   g^2 / std^2 = d/dt log(std / mean_scale)^2,
// so that such times are those whose noise level is uniform in its logarithm.

#include "diffusion/objectives/denoising.h"
#include "diffusion/objectives/draws.h"

namespace ito {

/// Times in (eps, T) of density proportional to g^2 / std^2, from Purpose::time.
Times draw_importance_times(const Sde& sde, Index examples, const BatchAddress& address,
                            double eps = training_eps);

/// The constant weight: the mean of g^2 / std^2 over (eps, T).
double importance_weight(const Sde& sde, double eps = training_eps);

/// At times from draw_importance_times: of the same expectation as denoising_loss with likelihood
/// weighting at uniform times.
Loss importance_loss(const Sde& sde, const Score& score, const Tensor& x_0, const Times& t,
                     const Tensor& z, Reduction reduction = Reduction::mean,
                     double eps = training_eps);

}  // namespace ito
