#pragma once
// The two kinds of steps that a predictor-corrector sampler is made of (Song et al. 2021, section
// 4.2). Each is one file of this folder.

#include "diffusion/sde/sde.h"

namespace ito {

/// A state of the sampler: x, and its mean before the last noise was added.
struct Update {
  Tensor x, mean;
};

/// Goes back in time: from p_t to p_s, s < t.
class Predictor {
 public:
  virtual ~Predictor() = default;
  /// x [N, ...] at times t, z like x standard normal -> the state at times s. s = 0 stands for the
  /// data: the mean is then the denoised sample.
  virtual Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const = 0;
};

/// Stays at time t and brings x closer to p_t.
class Corrector {
 public:
  virtual ~Corrector() = default;
  virtual Update step(const Tensor& x, const Times& t, const Tensor& z) const = 0;
};

/// How far a predictor's step goes.
enum class StepSize {
  actual,    ///< from t to s, whatever the grid: the mathematics
  published  ///< the step 1/N or the table entry index(t) of the published code, whose grid of N
             ///< times is spaced (T - eps)/(N - 1) apart; s is ignored
};

}  // namespace ito
