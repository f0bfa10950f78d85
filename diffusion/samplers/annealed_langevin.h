#pragma once
// Annealed Langevin dynamics as a corrector (Song and Ermon 2019, algorithm 1, as Song et al. 2021
// compare it): the step size follows the noise, e = 2 alpha (snr std(t))^2, and depends on nothing
// else.

#include "diffusion/samplers/update.h"

namespace ito {

class AnnealedLangevin : public Corrector {
 public:
  AnnealedLangevin(const Sde& sde, Score score, double snr = 0.16)
      : sde_(sde), score_(std::move(score)), snr_(snr) {}

  Update step(const Tensor& x, const Times& t, const Tensor& z) const override;

 private:
  const Sde& sde_;
  Score score_;
  double snr_;
};

}  // namespace ito
