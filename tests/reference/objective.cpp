#include "tests/reference/objective.h"

#include "diffusion/objectives/ddpm.h"
#include "diffusion/objectives/denoising.h"
#include "diffusion/score.h"
#include "diffusion/sde/vp.h"
#include "tests/reference/published_sde.h"

namespace ito::reference {

namespace {

Loss continuous_loss(const nlohmann::json& settings, const LossInputs& in, Reduction reduction) {
  const auto sde = make_published_sde(settings.at("sde"));
  const bool likelihood = settings.at("likelihood_weighting");
  return denoising_loss(*sde, network_score(in.network, *sde), in.x_0, in.draws, in.z,
                        {likelihood ? Weighting::likelihood : Weighting::variance, reduction});
}

/// The objective of SMLD, sigma_k^2 (s(x + sigma_k z, k) + z / sigma_k)^2, is that of the VE SDE at
/// the times where sigma(t) is sigma_k, with discrete labels.
Loss smld_loss(const nlohmann::json& settings, const LossInputs& in, Reduction reduction) {
  const auto sde = make_sde(settings.at("sde"));
  Times times;
  for (const double k : in.draws) times.push_back(1 - k / (sde->N() - 1));
  return denoising_loss(*sde, network_score(in.network, *sde, Labels::discrete), in.x_0, times,
                        in.z, {Weighting::variance, reduction});
}

Loss discrete_loss(const nlohmann::json& settings, const LossInputs& in, Reduction reduction) {
  const auto sde = make_sde(settings.at("sde"));
  const auto* vp = dynamic_cast<const VpSde*>(sde.get());
  if (!vp) fail("loss_ddpm", "expected a VPSDE, got ", sde->name());
  return ddpm_loss(*vp, in.network, in.x_0, {in.draws.begin(), in.draws.end()}, in.z, reduction);
}

}  // namespace

Loss published_loss(const std::string& op, const nlohmann::json& settings, const LossInputs& in) {
  const bool mean = settings.at("reduce_mean");
  const Reduction reduction = mean ? Reduction::mean : Reduction::half_sum;
  if (op == "loss_continuous") return continuous_loss(settings, in, reduction);
  require_setting(settings, "likelihood_weighting", false);
  if (op == "loss_smld") return smld_loss(settings, in, reduction);
  if (op == "loss_ddpm") return discrete_loss(settings, in, reduction);
  throw NotBuilt{"the objective " + op};
}

}  // namespace ito::reference
