#pragma once
// Scores of p_t(x | y) for a measurement y = A x_0 + n, from an unconditional score: by Bayes' rule
//   s(x, t | y) = s(x, t) + grad log p_t(y | x),
// of which the second term is not tractable and each method approximates otherwise. They go into
// any sampler. m and std are those of the SDE at t.
//
// Biases, each for one number: prior N(0, v), y = x_0 + n observed to be 1, under VP (beta 0.1 to
// 20), exact score, in the limit of small steps.

#include <limits>

#include "diffusion/control/operator.h"

namespace ito {

/// Where the data are known to lie: methods that look at the denoised state clip it to this (as
/// "static thresholding", Saharia et al. 2022). Near T the denoised state is the network's error
/// divided by m, 150 times larger under VP, and without bounds a network's guidance diverges there.
struct Bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// The perturbed-measurement approximation (Song et al. 2021, appendix I.4): the measurement is
/// perturbed like the data, y_t = m y + std A z, and p_t(y | x) replaced by p(y_t | x),
///   grad = scale A^T (std^2 A A^T + m^2 noise^2)^-1 (m y - A x),
/// y_t's own noise averaged out. It is what follows from a flat prior. Bias: v = 1 and noise 0.5
/// give N(0.717, 0.145) instead of N(0.8, 0.2); noise 1 gives N(0.5, 0.333) instead of
/// N(0.5, 0.5). Needs no derivative of the score. Refers to `sde` and the operator.
Score perturbed_measurement(const Sde& sde, Score score, Measurement measured, double scale = 1);

/// Pseudo-inverse guidance (Song, J. et al. 2023, "Pseudoinverse-guided diffusion models for
/// inverse problems", equation 7): p(x_0 | x_t) is taken to be N(x_0^, r^2 I), x_0^ the denoised x,
/// so that
///   grad = scale (dx_0^/dx)^T A^T (r^2 A A^T + noise^2)^-1 (y - A x_0^),  r^2 = std^2/(m^2 +
///   std^2).
/// Exact when the prior is N(0, I). Bias: noise 0.5 gives N(0.435, 0.131) instead of N(0.5, 0.125)
/// for v = 1/4, and N(0.990, 0.198) instead of N(0.941, 0.235) for v = 4. The gradient goes through
/// the score. Refers to `sde` and the operator.
Score pseudo_inverse_guided(const Sde& sde, Score score, Measurement measured, double scale = 1,
                            Bounds bounds = {});

/// Diffusion posterior sampling (Chung et al. 2023, algorithms 1 and 2): each step of a predictor
/// is followed by
///   x_s <- x_s - step grad_x |y - A x_0^(x)|^2 / |y - A x_0^(x)|,  x the state at t.
/// The step does not know the noise, nor how long a time it stands for: with v = 1, noise 0.5 and
/// 1000 steps it gives N(1.06, 1.3) for step 1, N(1.04, 0.11) for 0.3 and N(1.00, 0.001) for 0.03
/// instead of N(0.8, 0.2). Refers to `sde` and the operator.
class DiffusionPosterior : public Predictor {
 public:
  /// Throws for a measurement that is not in A's range.
  DiffusionPosterior(const Sde& sde, Score score, std::unique_ptr<Predictor> predictor,
                     Measurement measured, double step = 1, Bounds bounds = {});

  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  const Sde& sde_;
  Score score_;
  std::unique_ptr<Predictor> predictor_;
  Measurement measured_;
  double step_;
  Bounds bounds_;
};

}  // namespace ito
