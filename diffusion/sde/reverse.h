#pragma once
// Time reversal of an SDE from a score (Anderson 1982; Song et al. 2021, equations 6 and 13):
//   dx = [f(t) x - g(t)^2 s(x, t)] dt + g(t) dw,    time running backwards,
// and the probability-flow ODE, which has the same marginals:
//   dx = [f(t) x - g(t)^2 s(x, t) / 2] dt.

#include "diffusion/sde/sde.h"

namespace ito {

struct ReverseSde {
  const Sde& sde;  ///< must outlive this
  Score score;
  bool probability_flow = false;

  /// x [N, ...], one time per sample -> like x.
  Tensor drift(const Tensor& x, const Times& t) const;
  /// The noise that is left: g(t), or 0 for the probability flow.
  double diffusion(double t) const { return probability_flow ? 0 : sde.diffusion(t); }

  /// The reversal of a discrete step x_{i+1} = x_i + f_i(x_i) + G_i z (appendix E): f_i - G_i^2 s,
  /// or f_i - G_i^2 s / 2. `steps` holds the forward step of each sample.
  Tensor discrete_drift(const Tensor& x, const Times& t,
                        const std::vector<Transition>& steps) const;
  double discrete_noise(const Transition& step) const { return probability_flow ? 0 : step.noise; }

 private:
  double score_share() const { return probability_flow ? 0.5 : 1; }
};

}  // namespace ito
