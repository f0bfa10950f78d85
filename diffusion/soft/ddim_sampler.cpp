#include "diffusion/soft/ddim_sampler.h"

#include <cmath>

namespace ito {

SoftDdim::SoftDdim(const SoftDiffusion& diffusion, Denoiser h, double k)
    : diffusion_(diffusion), h_(std::move(h)), k_(k) {
  if (!(k >= 0 && k <= 1)) fail("ddim", "expected k from 0 to 1, got ", k);
}

Update SoftDdim::step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const {
  std::vector<double> kept, fresh;
  for (std::size_t n = 0; n < t.size(); ++n) {
    const double sigma_s = diffusion_.sigma(s[n]);
    kept.push_back(std::sqrt(1 - k_ * k_) * sigma_s / diffusion_.sigma(t[n]));
    fresh.push_back(k_ * sigma_s);
  }
  const Tensor h = h_(x, t);
  const Tensor sigma_t_e = x - diffusion_.corrupt(h, t);
  const Tensor mean = diffusion_.corrupt(h, s) + scale_per_sample(sigma_t_e, kept);
  return {mean + scale_per_sample(z, fresh), mean};
}

}  // namespace ito
