// sampler_ode_*: the probability-flow ODE with one error for the whole batch, as published.

#include <cmath>

#include "diffusion/samplers/probability_flow_ode.h"
#include "diffusion/score.h"
#include "engine/ops.h"
#include "tests/reference/network.h"
#include "tests/reference/published_sde.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

Tensor times_of(const OdePath& path) {
  return Tensor({static_cast<Index>(path.t.size())},
                std::vector<Real>(path.t.begin(), path.t.end()));
}

/// For times on a way of this length.
Rule ode_times_rule(double way) {
  return rule(1e-2 * way, "step sizes react to rounding; the number of steps may not", way);
}

/// The first steps, which end where the flow at the first states has them end.
void compare_first_steps(Report& report, const Sde& sde, const Score& score, const Tensor& x_T,
                         FlowOptions options) {
  int tried = 0;
  options.denoise = false;
  options.ode.progress = [&](double) { return ++tried < brief_steps; };
  const OdePath path = probability_flow_ode(sde, score, x_T, options).paths.at(0);
  if (path.t.size() < 2) fail("reference", "of the first ", brief_steps, " steps none was taken");
  report.compare_first_rows("ode.t", times_of(path),
                            ode_times_rule(std::abs(path.t.back() - path.t.front())));
}

}  // namespace

OdeOptions published_ode(const nlohmann::json& settings) {
  require_setting(settings, "method", "RK45");
  return {.rtol = settings.at("rtol"),
          .atol = settings.at("atol"),
          .control = ErrorControl::whole_batch};
}

void compare_path(Report& report, const std::string& prefix, const OdePath& path) {
  report.compare_integers(prefix + "nfe", {path.evaluations});
  report.compare(prefix + "ode.t", times_of(path), ode_times_rule(1));
}

void replay_sampler_ode(const ReferenceFile& file, Report& report, const std::string& name,
                        const nlohmann::json& settings, const nn::ScoreNetwork& network) {
  require_setting(settings, "continuous", true);
  const auto sde = make_published_sde(settings.at("sde"));
  const Score score = network_score(network, *sde);
  const Tensor x_T = file.image_rows("noise").at(0) * sde->prior_std();
  const bool denoise = settings.at("denoise");
  const FlowOptions options{.eps = settings.at("eps"),
                            .denoise = denoise,
                            .last_step = StepSize::published,
                            .ode = published_ode(settings)};
  // The start and the path, which both cases share.
  if (!denoise)
    report.compare_images("in.z", x_T, rule(1e-6 * largest(x_T), "one product", largest(x_T)));
  if (file.brief()) {
    if (!denoise) compare_first_steps(report, *sde, score, x_T, options);
    return;
  }
  const FlowSamples samples = probability_flow_ode(*sde, score, x_T, options);
  const auto floor = file.case_number(name, "fp32_vs_fp64net_maxabs");
  const bool centered = settings.at("centered");
  const Tensor sample = centered ? affine(samples.x, 0.5, 0.5) : samples.x;
  report.compare_images(name + ".sample", sample,
                        floor_rule(chain_factor, floor, chain_without_floor, largest(sample)));
  if (denoise) return;
  report.compare_images("ode.x_final", samples.x,
                        floor_rule(chain_factor, floor, chain_without_floor, largest(samples.x)));
  compare_path(report, "", samples.paths.at(0));
}

}  // namespace ito::reference
