#include "diffusion/soft/soft_score_matching.h"

#include <optional>

namespace ito {

Loss soft_score_matching_loss(const SoftDiffusion& diffusion, const Denoiser& h, const Tensor& x_0,
                              const Times& t, const Tensor& eta, SoftLossOptions options) {
  const Tensor error = h(diffusion.perturb(x_0, t, eta), t) - x_0;
  const Tensor r = options.corrupted ? diffusion.corrupt(error, t) : error;
  if (options.weighting == SoftWeighting::uniform) return squared_loss(r, options.reduction);
  const auto precision = per_sample(t, [&](double t_n) {
    const double sigma_t = diffusion.sigma(t_n);
    return 1 / (sigma_t * sigma_t);
  });
  return squared_loss(r, options.reduction, precision);
}

Denoiser network_denoiser(const nn::ScoreNetwork& network, CleanPrediction prediction,
                          double label_scale, const RandomStream* dropout) {
  std::optional<RandomStream> masks;
  if (dropout) masks = *dropout;
  return [&network, prediction, label_scale, masks](const Tensor& x_t, const Times& t) {
    const auto label = per_sample(t, [=](double t_n) { return label_scale * t_n; });
    const Tensor phi = network.forward(x_t, label, masks ? &*masks : nullptr);
    return prediction == CleanPrediction::residual ? phi + x_t : phi;
  };
}

}  // namespace ito
