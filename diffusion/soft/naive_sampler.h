#pragma once
// The naive sampler (Daras et al. 2022, algorithm 1): corrupt what the network takes for the clean
// image anew, a little less.

#include "diffusion/samplers/update.h"
#include "diffusion/soft/soft_diffusion.h"

namespace ito {

/// With all noise fresh it does not become exact with many steps: see soft/README.md.
class NaiveSampler : public Predictor {
 public:
  NaiveSampler(const SoftDiffusion& diffusion, Denoiser h)
      : diffusion_(diffusion), h_(std::move(h)) {}

  /// x_s = C_s h(x_t, t) + sigma_s z.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  const SoftDiffusion& diffusion_;
  Denoiser h_;
};

}  // namespace ito
