#include "diffusion/samplers/heun.h"

#include <algorithm>

#include "diffusion/samplers/denoised.h"

namespace ito {

Update Heun::step(const Tensor& x, const Times& t, const Times& s, const Tensor&) const {
  if (std::ranges::find(s, 0.0) != s.end()) {
    Tensor x_0 = denoised(flow_.sde, x, t, flow_.score(x, t));
    return {x_0, x_0};
  }
  std::vector<double> dt, half;
  for (std::size_t n = 0; n < t.size(); ++n) {
    dt.push_back(s[n] - t[n]);
    half.push_back(dt[n] / 2);
  }
  Tensor d_t = flow_.drift(x, t);
  Tensor d_s = flow_.drift(x + scale_per_sample(d_t, dt), s);
  Tensor x_s = x + scale_per_sample(d_t + d_s, half);
  return {x_s, x_s};
}

}  // namespace ito
