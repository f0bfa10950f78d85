#pragma once
// The momentum sampler (Daras et al. 2022, algorithm 2) and its probability flow. In the limit of
// small steps they are
//   dx = (C' h - (sigma^2)' s) dt + sqrt((sigma^2)') dw   backwards in time, and
//   dx = (C' h - (sigma^2)' s / 2) dt,
// with ' the derivative by time, h = E[x_0 | x_t] and s the score. The second is the mean velocity
// E[C' x_0 + sigma' eta | x_t] of the corrupted data, so that both have the marginals p_t exactly
// (Gyongy 1986; Albergo and Vanden-Eijnden 2023): all that is left is the error of the steps.

#include "diffusion/samplers/update.h"
#include "diffusion/soft/soft_diffusion.h"

namespace ito {

class MomentumSampler : public Predictor {
 public:
  /// With C = I it is the reverse diffusion sampler of the VE SDE, and its flow that one's.
  MomentumSampler(const SoftDiffusion& diffusion, Denoiser h, bool probability_flow = false)
      : diffusion_(diffusion), h_(std::move(h)), probability_flow_(probability_flow) {}

  /// With h = h(x_t, t), G^2 = sigma_t^2 - sigma_s^2 and the score s = (C_t h - x_t) / sigma_t^2:
  ///   x_s = x_t + (C_s - C_t) h + G^2 s + G z, and for the probability flow
  ///   x_s = x_t + (C_s - C_t) h + G^2 s / 2.
  /// Throws where the noise grows from t to s.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;

 private:
  const SoftDiffusion& diffusion_;
  Denoiser h_;
  bool probability_flow_;
};

}  // namespace ito
