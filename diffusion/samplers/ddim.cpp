#include "diffusion/samplers/ddim.h"

#include <algorithm>
#include <cmath>

#include "diffusion/samplers/denoised.h"

namespace ito {

Ddim::Ddim(const Sde& sde, Score score, double eta)
    : sde_(sde), score_(std::move(score)), eta_(eta) {
  if (!(eta >= 0 && eta <= 1)) fail("ddim", "expected eta from 0 to 1, got ", eta);
}

Update Ddim::step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const {
  std::vector<double> m_s, old_noise, fresh;
  for (std::size_t n = 0; n < t.size(); ++n) {
    const double std_s = s[n] > 0 ? sde_.std(s[n]) : 0;
    const double c = eta_ * sde_.transition(s[n], t[n]).noise * std_s / sde_.std(t[n]);
    m_s.push_back(s[n] > 0 ? sde_.mean_scale(s[n]) : 1);
    old_noise.push_back(-sde_.std(t[n]) * std::sqrt(std::max(std_s * std_s - c * c, 0.0)));
    fresh.push_back(c);
  }
  Tensor score = score_(x, t);
  Tensor x_0 = denoised(sde_, x, t, score);
  Tensor mean = scale_per_sample(x_0, m_s) + scale_per_sample(score, old_noise);
  return {mean + scale_per_sample(z, fresh), mean};
}

}  // namespace ito
