#include "diffusion/samplers/sra1.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "diffusion/samplers/denoised.h"

namespace ito {

Sra1::Sra1(ReverseSde reverse) : reverse_(std::move(reverse)) {
  if (reverse_.probability_flow)
    fail("sra1", "has no probability flow; euler_maruyama, reverse_diffusion and heun have one");
}

Update Sra1::step(const Tensor& x, const Times& t, const Times& s, const Tensor& z,
                  const Tensor& zeta) const {
  if (std::ranges::find(s, 0.0) != s.end()) {
    const Tensor x_0 = denoised(reverse_.sde, x, t, reverse_.score(x, t));
    return {x_0, x_0};
  }
  constexpr Sra1Table c;
  Times middle;
  std::vector<double> root, drift_H, noise_H, drift_t, drift_middle, noise_W, noise_U;
  for (std::size_t n = 0; n < t.size(); ++n) {
    const double dt = t[n] - s[n];
    const double g[2] = {reverse_.diffusion(t[n] - c.c1[0] * dt),
                         reverse_.diffusion(t[n] - c.c1[1] * dt)};
    middle.push_back(t[n] - c.c0[1] * dt);
    root.push_back(std::sqrt(dt));
    drift_H.push_back(c.A_21 * dt);
    noise_H.push_back(c.B_21 * g[0]);
    drift_t.push_back(c.alpha[0] * dt);
    drift_middle.push_back(c.alpha[1] * dt);
    noise_W.push_back(c.beta1[0] * g[0] + c.beta1[1] * g[1]);
    noise_U.push_back(c.beta2[0] * g[0] + c.beta2[1] * g[1]);
  }
  const Tensor dW = scale_per_sample(z, root),
               U = scale_per_sample(z + zeta * (1 / std::numbers::sqrt3), root) * 0.5;
  const Tensor d = reverse_.drift(x, t);
  const Tensor H = x - scale_per_sample(d, drift_H) + scale_per_sample(U, noise_H);
  const Tensor mean =
      x - scale_per_sample(d, drift_t) - scale_per_sample(reverse_.drift(H, middle), drift_middle);
  return {mean + scale_per_sample(dW, noise_W) + scale_per_sample(U, noise_U), mean};
}

Update Sra1::step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const {
  return step(x, t, s, z, Tensor::zeros(z.shape(), z.device()));
}

Update Sra1::advance(const Tensor& x, const Times& t, const Times& s,
                     const PredictorDraws& draw) const {
  return step(x, t, s, draw(0), draw(1));
}

}  // namespace ito
