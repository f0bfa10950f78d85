#pragma once
// How far samples are from a known distribution.

#include <vector>

#include "diffusion/mixture.h"

namespace ito {

/// KL(N(mean, diag variances) || N(target_mean, diag target_variances)) in nats.
double gaussian_kl(const std::vector<double>& mean, const std::vector<double>& variances,
                   const std::vector<double>& target_mean,
                   const std::vector<double>& target_variances);

/// What a mixture would have to be for samples to be typical of it: the weight of each mode (mean
/// responsibility under the target), and its mean and variances along the target's axes.
struct ModeFit {
  std::vector<double> weights;                        ///< [K]
  std::vector<std::vector<double>> means, variances;  ///< [K][D], in the axes of each component
};
/// Of x [N, D].
ModeFit fit_modes(const GaussianMixture& target, const Tensor& x);

/// KL of the fitted modes from the target's, weights and Gaussians together (the chain rule over
/// mode and place): sum_k w_k [log(w_k / pi_k) + KL(N_k || target's N_k)], in nats. An estimate of
/// KL(p || target), from above in so far as the modes are Gaussian along their axes, with a bias of
/// about D / n of each mode of n samples. A mode of fewer than two samples counts by its weight
/// alone.
double mode_fit_kl(const GaussianMixture& target, const ModeFit& fit);

/// The largest |w_k - pi_k|.
double weight_error(const GaussianMixture& target, const ModeFit& fit);

/// Sliced Wasserstein-2 distance of two samples of one size (Rabin et al. 2011): the root mean,
/// over `directions` random ones, of the squared W2 of the projections, which sorting tells.
double sliced_wasserstein(const Tensor& x, const Tensor& y, Index directions = 50);

}  // namespace ito
