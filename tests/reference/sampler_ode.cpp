// sampler_ode_*: the probability-flow ODE with one error for the whole batch, as published.

#include "diffusion/samplers/probability_flow_ode.h"
#include "diffusion/score.h"
#include "engine/ops.h"
#include "tests/reference/network.h"
#include "tests/reference/published_sde.h"
#include "tests/reference/replay.h"

namespace ito::reference {

OdeOptions published_ode(const nlohmann::json& settings) {
  require_setting(settings, "method", "RK45");
  return {.rtol = settings.at("rtol"),
          .atol = settings.at("atol"),
          .control = ErrorControl::whole_batch};
}

Rule ode_times_rule() {
  return rule(1e-2, "step sizes react to rounding; the number of steps may not", 1);
}

void compare_path(Report& report, const std::string& prefix, const OdePath& path) {
  report.compare_integers(prefix + "nfe", {path.evaluations});
  report.compare(
      prefix + "ode.t",
      Tensor({static_cast<Index>(path.t.size())}, std::vector<Real>(path.t.begin(), path.t.end())),
      ode_times_rule());
}

void replay_sampler_ode(const ReferenceFile& file, Report& report, const std::string& name,
                        const nlohmann::json& settings, const nn::ScoreNetwork& network) {
  require_setting(settings, "continuous", true);
  if (file.brief()) throw NotBuilt{"a whole solve, not a brief replay"};
  const auto sde = make_published_sde(settings.at("sde"));
  const Tensor x_T = file.image_rows("noise").at(0) * sde->prior_std();
  const bool denoise = settings.at("denoise");
  const FlowSamples samples = probability_flow_ode(*sde, network_score(network, *sde), x_T,
                                                   {.eps = settings.at("eps"),
                                                    .denoise = denoise,
                                                    .last_step = StepSize::published,
                                                    .ode = published_ode(settings)});
  const auto floor = file.case_number(name, "fp32_vs_fp64net_maxabs");
  const bool centered = settings.at("centered");
  const Tensor sample = centered ? affine(samples.x, 0.5, 0.5) : samples.x;
  report.compare_images(name + ".sample", sample,
                        floor_rule(chain_factor, floor, chain_without_floor, largest(sample)));
  if (denoise) return;  // the rest belongs to the path, which both cases share
  report.compare_images("in.z", x_T, rule(1e-6 * largest(x_T), "one product", largest(x_T)));
  report.compare_images("ode.x_final", samples.x,
                        floor_rule(chain_factor, floor, chain_without_floor, largest(samples.x)));
  compare_path(report, "", samples.paths.at(0));
}

}  // namespace ito::reference
