#include "diffusion/samplers/reverse_diffusion.h"

namespace ito {

Update ReverseDiffusion::step(const Tensor& x, const Times& t, const Times& s,
                              const Tensor& z) const {
  std::vector<Transition> forward;
  std::vector<double> noise;
  for (std::size_t n = 0; n < t.size(); ++n) {
    forward.push_back(size_ == StepSize::actual ? reverse_.sde.transition(s[n], t[n])
                                                : reverse_.sde.discretise(t[n]));
    noise.push_back(reverse_.discrete_noise(forward.back()));
  }
  Tensor mean = x - reverse_.discrete_drift(x, t, forward);
  return {mean + scale_per_sample(z, noise), mean};
}

}  // namespace ito
