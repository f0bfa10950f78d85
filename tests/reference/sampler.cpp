// sampler_*: chains of samplers, replayed with the recorded noise.

#include "diffusion/samplers/predictor_corrector.h"
#include "tests/reference/chain.h"
#include "tests/reference/network.h"
#include "tests/reference/published_sde.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

void compare_chain(const ReferenceFile& file, Report& report, const std::string& name,
                   const nlohmann::json& settings, const Chain& chain) {
  compare_sample(file, report, name, settings, chain);
  compare_states(file, report, name, "x", chain.states);
  if (!file.brief())
    compare_states(file, report, name, "x_mean", {chain.corrector_mean, chain.predictor_mean});
}

void compare_grid(Report& report, const nlohmann::json& settings) {
  const auto sde = make_sde(settings.at("sde"));
  const Times grid = time_grid(*sde, sde->N(), settings.at("eps"));
  report.compare("timesteps", Tensor({sde->N()}, std::vector<Real>(grid.begin(), grid.end())),
                 rule(2 * 0x1p-23, "rounding of times up to 1", 1));
}

}  // namespace

void replay_sampler(const ReferenceFile& file, Report& report) {
  bool first = true;
  report.each_case([&](const std::string& name, const nlohmann::json& settings) {
    const NetworkUse use = network_of(file, settings);
    const nn::ScoreNetwork& network = *use.network.score;
    const std::string op = settings.at("op");
    if (op == "sampler_ode") return replay_sampler_ode(file, report, name, settings, network);
    if (first) compare_grid(report, settings);
    if (first && file.has("M")) compare_decoupling(file, report);
    first = false;
    if (op == "sampler_pc") {
      compare_chain(file, report, name, settings, run_chain(file, settings, network));
    } else {
      replay_sampler_constrained(file, report, name, settings, network);
    }
  });
}

}  // namespace ito::reference
