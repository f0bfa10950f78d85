#pragma once
// The Metropolis-adjusted Langevin algorithm (Besag 1994; Roberts and Tweedie 1996): a Langevin
// step
//   y = x + e s(x, t) + sqrt(2 e) z
// as the proposal of a Metropolis-Hastings test, q(y | x) = N(y; x + e s(x, t), 2 e I).
// Two evaluations an iteration, and the quadrature's interior ones where no log-density is known.

#include "diffusion/samplers/metropolis.h"

namespace ito {

class Mala : public Metropolis {
 public:
  Mala(Score score, StepRule step_size, MetropolisOptions options = {})
      : Metropolis(std::move(score), std::move(step_size), std::move(options)) {}

  Proposal propose(const Tensor& x, const Times& t, const Tensor& z) const override;
};

}  // namespace ito
