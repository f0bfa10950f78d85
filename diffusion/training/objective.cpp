#include "diffusion/training/objective.h"

#include <algorithm>
#include <optional>

#include "diffusion/objectives/ddpm.h"
#include "diffusion/objectives/importance.h"
#include "diffusion/score.h"

namespace ito {
namespace {

/// Times of the N noise levels, drawn at random: index 0 is the noisiest.
Times draw_levels(const Sde& sde, Index examples, const BatchAddress& address) {
  Times t;
  const int last = std::max(sde.N() - 1, 1);
  for (const Index k : draw_indices(sde, examples, address))
    t.push_back(1 - static_cast<double>(k) / last);
  return t;
}

/// Continuous time, drawn in proportion to the likelihood weighting.
Objective importance_objective(const ObjectiveConfig& config, const SdeConfig& sde_config) {
  std::shared_ptr<const Sde> sde = make_sde(sde_config);
  return [config, sde](const nn::ScoreNetwork& network, const Tensor& x_0,
                       const BatchAddress& address, Mode mode) {
    const RandomStream dropout = address.stream(Purpose::dropout);
    const Score score = network_score(network, *sde, Labels::continuous,
                                      mode == Mode::training ? &dropout : nullptr);
    const Times t = draw_importance_times(*sde, x_0.size(0), address, config.eps);
    return importance_loss(*sde, score, x_0, t, draw_noise(x_0.shape(), address, x_0.device()),
                           config.reduction, config.eps);
  };
}

Objective denoising_objective(const ObjectiveConfig& config, const SdeConfig& sde_config) {
  std::shared_ptr<const Sde> sde = make_sde(sde_config);
  const Labels labels = labels_of(config);
  return [config, sde, labels](const nn::ScoreNetwork& network, const Tensor& x_0,
                               const BatchAddress& address, Mode mode) {
    const RandomStream dropout = address.stream(Purpose::dropout);
    const Score score =
        network_score(network, *sde, labels, mode == Mode::training ? &dropout : nullptr);
    const Times t = labels == Labels::discrete ? draw_levels(*sde, x_0.size(0), address)
                                               : draw_times(*sde, x_0.size(0), address, config.eps);
    return denoising_loss(*sde, score, x_0, t, draw_noise(x_0.shape(), address, x_0.device()),
                          {config.weighting, config.reduction});
  };
}

Objective ddpm_objective(const ObjectiveConfig& config, const SdeConfig& sde_config) {
  const auto sde = std::make_shared<const VpSde>(make_vp(sde_config));
  return [config, sde](const nn::ScoreNetwork& network, const Tensor& x_0,
                       const BatchAddress& address, Mode mode) {
    const RandomStream dropout = address.stream(Purpose::dropout);
    return ddpm_loss(*sde, network, x_0, draw_indices(*sde, x_0.size(0), address),
                     draw_noise(x_0.shape(), address, x_0.device()), config.reduction,
                     mode == Mode::training ? &dropout : nullptr);
  };
}

Objective soft_objective(const ObjectiveConfig& config, const SdeConfig& sde, const Shape& item) {
  const auto diffusion = std::make_shared<const SoftDiffusion>(make_soft_diffusion(sde.soft, item));
  SoftLossOptions options = config.soft.loss;
  options.reduction = config.reduction;
  return [=, prediction = config.soft.prediction, eps = config.eps,
          label_scale = static_cast<double>(sde.N - 1)](const nn::ScoreNetwork& network,
                                                        const Tensor& x_0,
                                                        const BatchAddress& address, Mode mode) {
    const RandomStream dropout = address.stream(Purpose::dropout);
    const Denoiser h = network_denoiser(network, prediction, label_scale,
                                        mode == Mode::training ? &dropout : nullptr);
    const auto u = uniform_per_image(x_0.size(0), address.stream(Purpose::time));
    const Times t = per_sample(u, [eps](double u_n) { return eps + u_n * (1 - eps); });
    return soft_score_matching_loss(*diffusion, h, x_0, t, draw_noise(x_0.shape(), address),
                                    options);
  };
}

}  // namespace

Objective make_objective(const ObjectiveConfig& objective, const SdeConfig& sde,
                         const Shape& item) {
  const bool soft = objective.type == ObjectiveConfig::Type::soft;
  if (soft != (sde.type == SdeConfig::Type::soft))
    fail("objective", "the objective soft and the SDE type soft belong together, got only the ",
         soft ? "objective" : "SDE type");
  if (soft) return soft_objective(objective, sde, item);
  if (objective.type == ObjectiveConfig::Type::ddpm) return ddpm_objective(objective, sde);
  return objective.importance ? importance_objective(objective, sde)
                              : denoising_objective(objective, sde);
}

Labels labels_of(const ObjectiveConfig& objective) {
  const bool discrete = objective.type == ObjectiveConfig::Type::smld ||
                        objective.type == ObjectiveConfig::Type::ddpm;
  return !discrete ? Labels::continuous : Labels::discrete;
}

}  // namespace ito
