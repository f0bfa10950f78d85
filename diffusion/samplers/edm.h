#pragma once
// The stochastic sampler of EDM (Karras et al. 2022, algorithm 2): in y = x / m, whose noise level
// is sigma = std / m, a step adds some noise ("churn") and goes down to the next level by Heun's
// method on dy/dsigma = (y - x_0(y, sigma)) / sigma. Two evaluations a step.

#include "diffusion/samplers/update.h"

namespace ito {

struct EdmOptions {
  double churn = 0;  ///< gamma: the level is first raised to (1 + gamma) sigma; at most sqrt(2) - 1
  double churn_min = 0, churn_max = 1e30;  ///< S_tmin, S_tmax: levels between which that is done
  double noise = 1;                        ///< S_noise: std of the noise that raises it
};
/// gamma = min(S_churn / N, sqrt(2) - 1), N the steps.
double edm_churn(double S_churn, Index N);

class Edm : public Predictor {
 public:
  Edm(const Sde& sde, Score score, EdmOptions options = {});

  /// y^ = y_t + noise sqrt(sigma^^2 - sigma^2) z,  d = (y^ - x_0(y^)) / sigma^,
  /// y' = y^ + (sigma_s - sigma^) d,  y_s = y^ + (sigma_s - sigma^) (d + d') / 2, to the data y'.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  Tensor slope(const Tensor& y, const Times& t) const;
  double raised(double level) const;

  const Sde& sde_;
  Score score_;
  EdmOptions options_;
};

}  // namespace ito
