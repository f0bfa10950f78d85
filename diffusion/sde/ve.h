#pragma once
// The variance-exploding SDE and its discrete form, SMLD (Song and Ermon 2019; Song et al. 2021,
// equations 9 and 30):
//   dx = sigma(t) sqrt(2 log(sigma_max / sigma_min)) dw,  sigma(t) = sigma_min^(1-t) sigma_max^t,
//   x_i = x_{i-1} + sqrt(sigma_i^2 - sigma_{i-1}^2) z.
// Its marginals have std sigma(t): x(0) already carries sigma_min.

#include "diffusion/sde/geometric_sigma.h"
#include "diffusion/sde/sde.h"

namespace ito {

class VeSde : public Sde {
 public:
  explicit VeSde(double sigma_min = 0.01, double sigma_max = 50, int N = 1000)
      : VeSde(GeometricSigma{sigma_min, sigma_max}, N) {}
  explicit VeSde(GeometricSigma sigma, int N = 1000);

  std::string name() const override { return "ve"; }
  double drift(double) const override { return 0; }
  double diffusion(double t) const override;
  double mean_scale(double) const override { return 1; }
  double std(double t) const override { return sigma_(t); }
  double prior_std() const override { return sigma_.max; }

  /// The network predicts the score itself (its division by sigma is inside). Continuous labels are
  /// sigma(t); discrete ones are indices from the largest sigma.
  Parametrisation parametrise(double t, Labels labels) const override;
  Transition discretise(double t) const override;
  double ancestral_noise(double t) const override;

  /// sigma_i of the discrete form, ascending.
  const std::vector<double>& sigmas() const { return sigmas_; }

 private:
  /// sigma_{i-1}, with 0 below the first.
  double sigma_before(int i) const { return i > 0 ? sigmas_[static_cast<std::size_t>(i - 1)] : 0; }

  GeometricSigma sigma_;
  std::vector<double> sigmas_;
};

}  // namespace ito
