#include "diffusion/samplers/euler_maruyama.h"

#include <cmath>

namespace ito {

Update EulerMaruyama::step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const {
  std::vector<double> dt, noise;
  for (std::size_t n = 0; n < t.size(); ++n) {
    dt.push_back(size_ == StepSize::actual ? t[n] - s[n] : reverse_.sde.T() / reverse_.sde.N());
    noise.push_back(reverse_.diffusion(t[n]) * std::sqrt(dt[n]));
  }
  Tensor mean = x - scale_per_sample(reverse_.drift(x, t), dt);
  return {mean + scale_per_sample(z, noise), mean};
}

}  // namespace ito
