#pragma once
// Euler-Maruyama on the reverse SDE (Song et al. 2021, appendix D).

#include "diffusion/samplers/update.h"
#include "diffusion/sde/reverse.h"

namespace ito {

class EulerMaruyama : public Predictor {
 public:
  explicit EulerMaruyama(ReverseSde reverse, StepSize size = StepSize::actual)
      : reverse_(std::move(reverse)), size_(size) {}

  /// x_s = x_t - dt [f(t) x_t - g(t)^2 s(x_t, t)] + g(t) sqrt(dt) z,  dt = t - s.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  ReverseSde reverse_;
  StepSize size_;
};

}  // namespace ito
