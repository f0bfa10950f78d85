#pragma once
// The sub-VP SDE (Song et al. 2021, equation 13): VP's drift with less noise,
//   dx = -beta(t)/2 x dt + sqrt(beta(t) (1 - exp(-2 integral of beta))) dw,
// so that std(t) is the square of VP's.

#include "diffusion/sde/beta_schedule.h"
#include "diffusion/sde/sde.h"

namespace ito {

class SubVpSde : public Sde {
 public:
  explicit SubVpSde(LinearBeta beta = {}, int N = 1000) : SubVpSde(BetaSchedule(beta), N) {}
  explicit SubVpSde(BetaSchedule beta, int N = 1000) : Sde(N), beta_(std::move(beta)) {}

  std::string name() const override { return "subvp"; }
  double drift(double t) const override { return -beta_(t) / 2; }
  double diffusion(double t) const override;
  double mean_scale(double t) const override;
  double std(double t) const override;
  double prior_std() const override { return 1; }

  /// As VP's continuous one; there is no discrete form.
  Parametrisation parametrise(double t, Labels labels) const override;

 private:
  BetaSchedule beta_;
};

}  // namespace ito
