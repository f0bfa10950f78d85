#pragma once
// The reverse diffusion sampler (Song et al. 2021, appendix E): the forward step
// x_{i+1} = x_i + f_i(x_i) + G_i z, reversed with the same f_i and G_i.

#include "diffusion/samplers/update.h"
#include "diffusion/sde/reverse.h"

namespace ito {

class ReverseDiffusion : public Predictor {
 public:
  /// With StepSize::actual the forward step is the exact transition from s to t.
  explicit ReverseDiffusion(ReverseSde reverse, StepSize size = StepSize::actual)
      : reverse_(std::move(reverse)), size_(size) {}

  /// x_s = x_t - f_i(x_t) + G_i^2 s(x_t, t) + G_i z; for the probability flow
  /// x_s = x_t - f_i(x_t) + G_i^2 s(x_t, t) / 2.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  ReverseSde reverse_;
  StepSize size_;
};

}  // namespace ito
