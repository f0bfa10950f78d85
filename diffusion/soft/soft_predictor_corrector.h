#pragma once
// The predictor-corrector sampler of soft diffusion: a step of DDIM's kind, which throws away what
// has gone wrong with some of the noise, and a step of the momentum sampler's probability flow. The
// paper names the two parts; that each goes half of the way is ito's reading.

#include "diffusion/soft/ddim_sampler.h"
#include "diffusion/soft/momentum_sampler.h"

namespace ito {

/// Two evaluations a step.
class SoftPredictorCorrector : public Predictor {
 public:
  SoftPredictorCorrector(const SoftDiffusion& diffusion, const Denoiser& h, double k)
      : predictor_(diffusion, h, k), corrector_(diffusion, h, true) {}

  /// From t to the middle m = (t + s) / 2 by SoftDdim, from m to s by the flow of MomentumSampler.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  SoftDdim predictor_;
  MomentumSampler corrector_;
};

}  // namespace ito
