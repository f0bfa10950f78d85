#pragma once
// Projection onto the measurement subspace (Song et al. 2022, "Solving inverse problems in medical
// imaging with score-based generative models"; imputation and colorization are its simplest cases):
// after each update to time s the state is moved to where A x_s is the measurement as the SDE would
// have perturbed it,
//   y_s = m y + std A z,  x <- x + A^T (A A^T + lambda)^-1 (y_s - A x),  lambda = m^2
//   noise^2/std^2,
// by least change; with a noisy measurement (lambda > 0) only part of the way.
//
// Its bias is that of imputation (diffusion/control/imputation.h), which it equals where A picks
// coordinates: under VP, predictors alone draw N(0.627, 0.311) where N(0.9, 0.19) is right.

#include "diffusion/control/operator.h"

namespace ito {

class Projection : public Constraint {
 public:
  /// Throws for a measurement that is not in A's range. Refers to `sde` and the operator.
  Projection(const Sde& sde, Measurement measured);

  Tensor start(const Tensor& x_T, const Tensor& z) const override;
  Update apply(const Update& state, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  Tensor towards(const Tensor& x, const Tensor& y, const Times& at) const;

  const Sde& sde_;
  Measurement measured_;
};

}  // namespace ito
