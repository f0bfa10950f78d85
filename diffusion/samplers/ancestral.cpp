#include "diffusion/samplers/ancestral.h"

namespace ito {

Update Ancestral::step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const {
  std::vector<double> inverse_a, G2, c;
  for (std::size_t n = 0; n < t.size(); ++n) {
    bool actual = size_ == StepSize::actual;
    Transition forward = actual ? sde_.transition(s[n], t[n]) : sde_.discretise(t[n]);
    double std_s = s[n] > 0 ? sde_.std(s[n]) : 0;
    inverse_a.push_back(1 / forward.scale);
    G2.push_back(forward.noise * forward.noise);
    c.push_back(actual ? forward.noise * std_s / sde_.std(t[n]) : sde_.ancestral_noise(t[n]));
  }
  Tensor mean = scale_per_sample(x + scale_per_sample(score_(x, t), G2), inverse_a);
  return {mean + scale_per_sample(z, c), mean};
}

}  // namespace ito
