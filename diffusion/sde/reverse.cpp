#include "diffusion/sde/reverse.h"

namespace ito {

Tensor ReverseSde::drift(const Tensor& x, const Times& t) const {
  auto f = per_sample(t, [&](double t_n) { return sde.drift(t_n); });
  auto g2 = per_sample(t, [&](double t_n) {
    double g = sde.diffusion(t_n);
    return score_share() * g * g;
  });
  return scale_per_sample(x, f) - scale_per_sample(score(x, t), g2);
}

Tensor ReverseSde::discrete_drift(const Tensor& x, const Times& t,
                                  const std::vector<Transition>& steps) const {
  std::vector<double> f, G2;
  for (const Transition& step : steps) {
    f.push_back(step.scale - 1);
    G2.push_back(score_share() * step.noise * step.noise);
  }
  return scale_per_sample(x, f) - scale_per_sample(score(x, t), G2);
}

}  // namespace ito
