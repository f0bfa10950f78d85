#pragma once
// Ancestral sampling (Ho et al. 2020, algorithm 2; Song et al. 2021, equations 4 and 47): x_s is
// drawn from p(x_s | x_t, x_0) with x_0 replaced by its mean given x_t, which the score tells
// (Tweedie). With the forward step x_t = a x_s + G z:
//   x_s = (x_t + G^2 s(x_t, t)) / a + c z.

#include "diffusion/samplers/update.h"

namespace ito {

class Ancestral : public Predictor {
 public:
  /// With StepSize::actual a and G are the exact transition from s to t, and
  /// c = G std(s) / std(t), the std of p(x_s | x_t, x_0); any SDE will do. With
  /// StepSize::published they are those of SMLD (the same c) or DDPM (c = sqrt(beta_i), the larger
  /// of the two choices of Ho et al. 2020, section 3.2).
  Ancestral(const Sde& sde, Score score, StepSize size = StepSize::actual)
      : sde_(sde), score_(std::move(score)), size_(size) {}

  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  const Sde& sde_;
  Score score_;
  StepSize size_;
};

}  // namespace ito
