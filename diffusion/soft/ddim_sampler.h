#pragma once
// A sampler of DDIM's kind (Song, Meng and Ermon 2021) for soft diffusion: the expected data and
// noise, put together again at the corruption of time s.

#include "diffusion/samplers/update.h"
#include "diffusion/soft/soft_diffusion.h"

namespace ito {

class SoftDdim : public Predictor {
 public:
  /// `k` from 0 to 1 is the share of fresh noise: k = 1 is the naive sampler, k = 0 is
  /// deterministic. With every k a right h gives x_s the right p(x_s | x_0), but only with k = 0
  /// the steps add up: k > 0 in each of many steps is too much fresh noise.
  SoftDdim(const SoftDiffusion& diffusion, Denoiser h, double k = 0);

  /// With h = h(x_t, t) and e = (x_t - C_t h) / sigma_t:
  ///   x_s = C_s h + sigma_s (sqrt(1 - k^2) e + k z).
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  const SoftDiffusion& diffusion_;
  Denoiser h_;
  double k_;
};

}  // namespace ito
