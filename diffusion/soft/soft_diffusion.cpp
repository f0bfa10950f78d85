#include "diffusion/soft/soft_diffusion.h"

namespace ito {

CorruptionLevel SoftDiffusion::level(double t) const {
  if (!(t >= 0 && t <= T())) fail("soft", "expected times from 0 to ", T(), ", got ", t);
  const CorruptionLevel level = schedule_(t);
  if (!(level.sigma > 0))
    fail("soft", "at t = ", t, " the noise is ", level.sigma,
         ": without noise p(x_t | x_0) has no density and no score; expected sigma above 0");
  return level;
}

Tensor SoftDiffusion::corrupt(const Tensor& x, const Times& t) const {
  return C_->apply(x, per_sample(t, [this](double t_n) { return level(t_n).parameter; }));
}

Tensor SoftDiffusion::perturb(const Tensor& x_0, const Times& t, const Tensor& eta) const {
  const auto sigma_t = per_sample(t, [this](double t_n) { return sigma(t_n); });
  return corrupt(x_0, t) + scale_per_sample(eta, sigma_t);
}

Tensor SoftDiffusion::score(const Tensor& h, const Tensor& x_t, const Times& t) const {
  const auto precision = per_sample(t, [this](double t_n) {
    const double sigma_t = sigma(t_n);
    return 1 / (sigma_t * sigma_t);
  });
  return scale_per_sample(corrupt(h, t) - x_t, precision);
}

Score score_of(const SoftDiffusion& diffusion, Denoiser h) {
  return [&diffusion, h = std::move(h)](const Tensor& x_t, const Times& t) {
    return diffusion.score(h(x_t, t), x_t, t);
  };
}

}  // namespace ito
