#include "diffusion/objectives/ddpm.h"

#include <cmath>

namespace ito {

Loss ddpm_loss(const VpSde& sde, const nn::ScoreNetwork& network, const Tensor& x_0,
               const std::vector<Index>& i, const Tensor& z, Reduction reduction,
               const RandomStream* dropout) {
  std::vector<double> labels, scale, noise;
  for (Index i_n : i) {
    if (i_n < 0 || i_n >= sde.N())
      fail("ddpm_loss", "expected indices in [0, ", sde.N(), "), got ", i_n);
    auto k = static_cast<std::size_t>(i_n);
    labels.push_back(static_cast<double>(i_n));
    scale.push_back(std::sqrt(sde.alphas_cumprod()[k]));
    noise.push_back(sde.discrete_stds()[k]);
  }
  Tensor x_i = scale_per_sample(x_0, scale) + scale_per_sample(z, noise);
  return squared_loss(network.forward(x_i, labels, dropout) - z, reduction);
}

}  // namespace ito
