#pragma once
// Soft diffusion (Daras et al. 2022, section 3): x_t = C_t x_0 + sigma_t eta, its score by way of
// the clean image that a network predicts, and what its samplers have in common.

#include "diffusion/sde/sde.h"
#include "diffusion/soft/corruption.h"

namespace ito {

/// The expected clean item h(x_t, t) ~ E[x_0 | x_t]: x_t [N, item...] -> like x_t. The score of a
/// soft diffusion follows from it, but it does not follow from the score, as C_t may have no
/// inverse.
using Denoiser = std::function<Tensor(const Tensor& x_t, const Times& t)>;

class SoftDiffusion {
 public:
  SoftDiffusion(std::shared_ptr<const Corruption> corruption, CorruptionSchedule schedule)
      : C_(std::move(corruption)), schedule_(std::move(schedule)) {}

  const Corruption& corruption() const { return *C_; }
  const Shape& item() const { return C_->item(); }
  double T() const { return 1; }
  /// The schedule's, t in [0, 1]. Throws where the noise is not above 0: p(x_t | x_0) has no
  /// density there, and so no score.
  CorruptionLevel level(double t) const;
  double sigma(double t) const { return level(t).sigma; }

  /// C_t x of each sample.
  Tensor corrupt(const Tensor& x, const Times& t) const;
  /// C_t x_0 + sigma_t eta, a sample of p(x_t | x_0).
  Tensor perturb(const Tensor& x_0, const Times& t, const Tensor& eta) const;
  /// s = (C_t h - x_t) / sigma_t^2 (equation 9), from the value h of a denoiser.
  Tensor score(const Tensor& h, const Tensor& x_t, const Times& t) const;

 private:
  std::shared_ptr<const Corruption> C_;
  CorruptionSchedule schedule_;
};

/// The score that a denoiser stands for; refers to `diffusion`.
Score score_of(const SoftDiffusion& diffusion, Denoiser h);

}  // namespace ito
