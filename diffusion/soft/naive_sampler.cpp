#include "diffusion/soft/naive_sampler.h"

namespace ito {

Update NaiveSampler::step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const {
  const auto sigma_s = per_sample(s, [&](double s_n) { return diffusion_.sigma(s_n); });
  const Tensor mean = diffusion_.corrupt(h_(x, t), s);
  return {mean + scale_per_sample(z, sigma_s), mean};
}

}  // namespace ito
