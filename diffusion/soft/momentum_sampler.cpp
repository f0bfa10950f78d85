#include "diffusion/soft/momentum_sampler.h"

#include <cmath>

namespace ito {

namespace {

/// G^2 / sigma_t^2 and G of each sample.
struct MomentumNoise {
  std::vector<double> share, G;
};

MomentumNoise momentum_noise(const SoftDiffusion& diffusion, const Times& t, const Times& s) {
  MomentumNoise noise;
  for (std::size_t n = 0; n < t.size(); ++n) {
    const double sigma_t = diffusion.sigma(t[n]), sigma_s = diffusion.sigma(s[n]);
    const double G2 = sigma_t * sigma_t - sigma_s * sigma_s;
    if (!(G2 >= 0))
      fail("momentum", "the noise must not grow towards the data: it is ", sigma_t,
           " at t = ", t[n], " and ", sigma_s, " at t = ", s[n]);
    noise.share.push_back(G2 / (sigma_t * sigma_t));
    noise.G.push_back(std::sqrt(G2));
  }
  return noise;
}

}  // namespace

Update MomentumSampler::step(const Tensor& x, const Times& t, const Times& s,
                             const Tensor& z) const {
  const Tensor h = h_(x, t);
  const Tensor C_t_h = diffusion_.corrupt(h, t), C_s_h = diffusion_.corrupt(h, s);
  const auto [share, G] = momentum_noise(diffusion_, t, s);
  const Tensor G2_score = scale_per_sample(C_t_h - x, share);
  const Tensor moved = x + (C_s_h - C_t_h);
  if (probability_flow_) {
    const Tensor mean = moved + G2_score / 2;
    return {mean, mean};
  }
  const Tensor mean = moved + G2_score;
  return {mean + scale_per_sample(z, G), mean};
}

}  // namespace ito
