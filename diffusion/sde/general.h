#pragma once
// The general diffusion dx = mu(x, t) dt + sigma(x, t) dw with a matrix sigma that may depend on
// the state (Song et al. 2021, appendix A, equations 15 to 17), and its reversal in time from a
// score s of p_t (Anderson 1982), with Sigma = sigma sigma^T and (div Sigma)_i = sum_j d Sigma_ij /
// dx_j:
//   reverse:  dx = [mu - div Sigma - Sigma s] dt + sigma dw,   time running backwards,
//   flow:     dx = [mu - div Sigma / 2 - Sigma s / 2] dt,      with the marginals of the SDE.
// States are vectors x [N, D], one time each; w has K dimensions. Differentiable.

#include "diffusion/sde/sde.h"

namespace ito {

struct GeneralSde {
  using Field = std::function<Tensor(const Tensor& x, const Times& t)>;

  Field drift;  ///< mu [N, D]
  Field sigma;  ///< [N, D, K], each sample's from its own x
  /// div(sigma sigma^T) [N, D]; empty: by differentiating sigma, with D + 1 vector-Jacobian
  /// products (sigma must then be made of ops.h's operations).
  Field divergence = {};

  Tensor covariance(const Tensor& x, const Times& t) const;  ///< Sigma [N, D, D]
  Tensor covariance_divergence(const Tensor& x, const Times& t) const;

  Tensor reverse_drift(const Tensor& x, const Times& t, const Score& score) const;
  Tensor flow_drift(const Tensor& x, const Times& t, const Score& score) const;

  /// Euler-Maruyama from t to t + dt: x + mu dt + sqrt(dt) sigma z, z [N, K].
  Tensor step(const Tensor& x, const Times& t, double dt, const Tensor& z) const;
  /// The same backwards, from t to t - dt.
  Tensor reverse_step(const Tensor& x, const Times& t, double dt, const Tensor& z,
                      const Score& score) const;

 private:
  /// mu - share (div Sigma + Sigma s)
  Tensor corrected_drift(const Tensor& x, const Times& t, const Score& score, double share) const;
  Tensor noise(const Tensor& x, const Times& t, const Tensor& z) const;
};

}  // namespace ito
