#pragma once
// The variance-preserving SDE and its discrete form, DDPM (Ho et al. 2020; Song et al. 2021,
// equations 10 to 12 and 33):
//   dx = -beta(t)/2 x dt + sqrt(beta(t)) dw,
//   x_i = sqrt(1 - beta_i) x_{i-1} + sqrt(beta_i) z.

#include "diffusion/sde/beta_schedule.h"
#include "diffusion/sde/sde.h"

namespace ito {

class VpSde : public Sde {
 public:
  explicit VpSde(LinearBeta beta = {}, int N = 1000) : VpSde(BetaSchedule(beta), N) {}
  /// beta_i of the discrete form are those of the schedule.
  explicit VpSde(BetaSchedule beta, int N = 1000);

  std::string name() const override { return "vp"; }
  double drift(double t) const override { return -beta_(t) / 2; }
  double diffusion(double t) const override;
  double mean_scale(double t) const override;
  double std(double t) const override;
  double prior_std() const override { return 1; }

  /// The network predicts the noise: score = -network / std. Continuous labels are 999 t whatever N
  /// is, discrete ones (N - 1) t with the discrete std at index(t).
  Parametrisation parametrise(double t, Labels labels) const override;
  Transition discretise(double t) const override;
  double ancestral_noise(double t) const override { return discretise(t).noise; }
  double langevin_alpha(double t) const override;

  /// Tables of the discrete form, N values each, i from 0.
  const std::vector<double>& betas() const { return betas_; }
  /// Running product of 1 - beta_i: x_i = sqrt(acp_i) x_0 + sqrt(1 - acp_i) z.
  const std::vector<double>& alphas_cumprod() const { return alphas_cumprod_; }
  /// sqrt(1 - acp_i), computed without cancellation.
  const std::vector<double>& discrete_stds() const { return discrete_stds_; }

 private:
  BetaSchedule beta_;
  std::vector<double> betas_, alphas_cumprod_, discrete_stds_;
};

}  // namespace ito
