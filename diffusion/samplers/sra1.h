#pragma once
// The stochastic Runge-Kutta method SRA1 (Roessler 2010, "Runge-Kutta methods for the strong
// approximation of solutions of stochastic differential equations", section 6) on the reverse SDE,
// whose noise is additive: strong order 1.5, where Euler-Maruyama has 1. Two evaluations a step.

#include "diffusion/samplers/update.h"
#include "diffusion/sde/reverse.h"

namespace ito {

/// The coefficients: stages H_i at c0_i, diffusion at c1_i, drift weights alpha, noise weights
/// beta1 (of the increment) and beta2 (of U).
struct Sra1Table {
  double A_21 = 3.0 / 4, B_21 = 3.0 / 2;
  double alpha[2] = {1.0 / 3, 2.0 / 3};
  double beta1[2] = {1, 0}, beta2[2] = {-1, 1};
  double c0[2] = {0, 3.0 / 4}, c1[2] = {1, 0};
};

class Sra1 : public Predictor {
 public:
  /// Throws for the probability flow, which has no noise.
  explicit Sra1(ReverseSde reverse);

  /// With dt = t - s, drift d of the reverse SDE and W its Brownian motion over the step,
  ///   dW = sqrt(dt) z,  U = integral of W / dt = sqrt(dt) (z + zeta / sqrt(3)) / 2,
  ///   H   = x_t - 3/4 dt d(x_t, t) + 3/2 g(s) U,
  ///   x_s = x_t - dt [d(x_t, t) + 2 d(H, t - 3/4 dt)] / 3 + g(s) dW + (g(t) - g(s)) U.
  /// To the data (s = 0), where the drift of some SDEs is singular, the denoised x_t instead.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z,
              const Tensor& zeta) const;

  /// z alone: U is then its mean given dW, that is zeta = 0.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;
  /// z is draw 0, zeta draw 1.
  Update advance(const Tensor& x, const Times& t, const Times& s,
                 const PredictorDraws& draw) const override;
  std::uint32_t draws() const override { return 2; }

 private:
  ReverseSde reverse_;
};

}  // namespace ito
