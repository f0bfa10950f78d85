#pragma once
// The truth that soft diffusion is tested against: for Gaussian data everything is known. With
// x_0 ~ N(m, S), x_t ~ N(C_t m, V_t), V_t = C_t S C_t^T + sigma_t^2 I, and E[x_0 | x_t] is affine
// in x_t. All in double.

#include "diffusion/metrics/frechet.h"
#include "diffusion/soft/soft_diffusion.h"

namespace ito {

/// A Gaussian: mean [D] and covariance [D, D]. frechet_distance of two is their squared
/// Wasserstein-2 distance.
using Gaussian = FeatureMoments;

/// C_t as a matrix [D, D], row-major, D the elements of an item.
std::vector<double> corruption_matrix(const SoftDiffusion& diffusion, double t);

class GaussianTruth {
 public:
  /// Of data x_0 ~ `data`, flattened items; refers to `diffusion`.
  GaussianTruth(Gaussian data, const SoftDiffusion& diffusion);

  const Gaussian& data() const { return data_; }
  /// p_t.
  Gaussian marginal(double t) const;
  /// E[x_0 | x_t] = m + K_t (x_t - C_t m), K_t = S C_t^T V_t^-1. Matrices are kept from call to
  /// call; one call must ask for one time only. Refers to this.
  Denoiser denoiser() const;

 private:
  struct Affine {
    Tensor matrix, shift;  ///< x -> x matrix + shift
  };
  Affine conditional_mean(double t) const;

  Gaussian data_;
  const SoftDiffusion& diffusion_;
};

}  // namespace ito
