#pragma once
// DDIM (Song, Meng and Ermon 2021, equation 12), for any linear SDE: the expected data and noise,
//   x_0 = E[x_0 | x_t],  e = -std(t) s(x_t, t),
// put together again at the noise of time s. It is exact wherever x_0 does not change on the way.

#include "diffusion/samplers/update.h"

namespace ito {

class Ddim : public Predictor {
 public:
  /// `eta` is the share of fresh noise: 0, deterministic, to 1, the ancestral sampler.
  Ddim(const Sde& sde, Score score, double eta = 0);

  /// x_s = m(s) x_0 + sqrt(std(s)^2 - c^2) e + c z, where c is eta times the std of
  /// p(x_s | x_t, x_0).
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  const Sde& sde_;
  Score score_;
  double eta_;
};

}  // namespace ito
