#pragma once
// Heun's method, of order 2, on the probability-flow ODE dx/dt = d(x, t) (Song et al. 2021,
// equation 13; Hairer, Norsett and Wanner, II.1). Two evaluations a step.

#include "diffusion/samplers/update.h"
#include "diffusion/sde/reverse.h"

namespace ito {

class Heun : public Predictor {
 public:
  Heun(const Sde& sde, Score score) : flow_{sde, std::move(score), true} {}

  /// x' = x_t + (s - t) d(x_t, t),
  /// x_s = x_t + (s - t) [d(x_t, t) + d(x', s)] / 2. To the data (s = 0), where the drift of some
  /// SDEs is singular, the denoised x_t instead.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  ReverseSde flow_;
};

}  // namespace ito
