#pragma once
// Langevin dynamics at time t, in the convention
//   x' = x + e s(x, t) + sqrt(2 e) z
// (some papers write a/2 and sqrt(a): a = 2 e).

#include "diffusion/samplers/update.h"

namespace ito {

/// One Langevin step with a step size for each sample.
Update langevin_step(const Tensor& x, const Tensor& score, const std::vector<double>& step_size,
                     const Tensor& z);

/// The step size e of a sample at time t.
using StepRule = std::function<double(double t)>;
/// e = 2 alpha (snr std(t))^2: the step size follows the noise (Song and Ermon 2019, algorithm 1).
/// Refers to `sde`.
StepRule annealed_step(const Sde& sde, double snr);

/// Which norms set the step size of the Langevin corrector.
enum class LangevinNorms {
  per_sample,  ///< each sample's own
  batch_mean   ///< averaged over the batch, as published: a sample then depends on its neighbours
};

/// The corrector of Song et al. 2021, algorithms 4 and 5: e = 2 alpha (snr |z| / |s|)^2. A step
/// size that depends on the state and on z is not quite Langevin dynamics; the difference vanishes
/// as the dimension grows and the norms concentrate. For a few dimensions use AnnealedLangevin.
class Langevin : public Corrector {
 public:
  Langevin(const Sde& sde, Score score, double snr = 0.16,
           LangevinNorms norms = LangevinNorms::per_sample)
      : sde_(sde), score_(std::move(score)), snr_(snr), norms_(norms) {}

  Update step(const Tensor& x, const Times& t, const Tensor& z) const override;

 private:
  const Sde& sde_;
  Score score_;
  double snr_;
  LangevinNorms norms_;
};

}  // namespace ito
