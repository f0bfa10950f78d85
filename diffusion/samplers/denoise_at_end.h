#pragma once
// The predictor for correctors that go down the noise levels by themselves.

#include "diffusion/samplers/update.h"

namespace ito {

/// Stays where it is, and in the last step returns the denoised state: E[x_0 | x_t], under VE
/// x + sigma^2 s(x, t), as annealed Langevin ends in Song and Ermon 2020, algorithm 1. One
/// evaluation in all.
class DenoiseAtEnd : public Predictor {
 public:
  DenoiseAtEnd(const Sde& sde, Score score) : sde_(sde), score_(std::move(score)) {}

  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  const Sde& sde_;
  Score score_;
};

}  // namespace ito
