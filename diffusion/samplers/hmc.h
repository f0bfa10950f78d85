#pragma once
// Hamiltonian Monte Carlo (Duane et al. 1987; Neal 2011, figure 2): a momentum p = z of unit mass
// is drawn, L leapfrog steps of length h = sqrt(2 e) follow the Hamiltonian -log p_t + |p|^2 / 2,
//   p += h/2 s(x, t);  x += h p;  p += h/2 s(x, t),
// and the end is accepted with probability min(1, exp(-change of the Hamiltonian)). One leapfrog
// step is MALA. L + 1 evaluations an iteration, and the quadrature's interior ones where no
// log-density is known. A trajectory of half a period of some direction ends at -x there, whatever
// its momentum was: L sqrt(2 e) should not be near pi times a standard deviation.

#include "diffusion/samplers/metropolis.h"

namespace ito {

class Hmc : public Metropolis {
 public:
  /// `leapfrog`: L, at least 1.
  Hmc(Score score, StepRule step_size, int leapfrog = 5, MetropolisOptions options = {});

  Proposal propose(const Tensor& x, const Times& t, const Tensor& z) const override;

 private:
  int leapfrog_;
};

}  // namespace ito
