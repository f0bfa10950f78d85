// sampler_*: chains of samplers, replayed with the recorded noise.

#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/score.h"
#include "engine/ops.h"
#include "tests/reference/network.h"
#include "tests/reference/published_sde.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

/// What is seen of a chain.
struct Chain {
  std::vector<Tensor> states;             ///< after each update call
  Tensor corrector_mean, predictor_mean;  ///< of the last step
  Tensor sample;
  Index draws = 0;
};

PredictorCorrectorOptions chain_options(const nlohmann::json& settings, int N) {
  PredictorCorrectorOptions options;
  options.steps = N;
  options.eps = settings.at("eps");
  options.corrector_steps = settings.at("n_steps");
  options.denoise = settings.at("denoise");
  return options;
}

/// The published names differ from ours in one.
std::string predictor_name(const std::string& published) {
  return published == "ancestral_sampling" ? "ancestral" : published;
}

/// Remembers the states. Without a corrector the published one returns its input, state and mean;
/// it leaves no rows of its own.
void watch(PredictorCorrectorOptions& options, Chain& chain, bool with_corrector) {
  options.observe = [&chain, with_corrector](const Observation& seen) {
    if (seen.stage == Purpose::corrector) {
      chain.corrector_mean = seen.state.mean;
    } else {
      if (!with_corrector && !chain.states.empty()) chain.corrector_mean = chain.states.back();
      chain.predictor_mean = seen.state.mean;
    }
    chain.states.push_back(seen.state.x);
  };
}

Chain run_chain(const ReferenceFile& file, const nlohmann::json& settings,
                const nn::ScoreNetwork& network) {
  const auto sde = make_published_sde(settings.at("sde"), file.numbers("timesteps"));
  const bool continuous = settings.at("continuous");
  const Score score =
      network_score(network, *sde, continuous ? Labels::continuous : Labels::discrete);
  const ReverseSde reverse{*sde, score, settings.at("probability_flow")};
  const auto predictor =
      make_predictor(predictor_name(settings.at("predictor")), reverse, StepSize::published);
  const auto corrector = make_corrector(settings.at("corrector"), *sde, score, settings.at("snr"),
                                        LangevinNorms::batch_mean);

  Chain chain;
  const std::vector<Tensor> noise = file.image_rows("noise");
  const NoiseSource replayed = replayed_noise(noise);
  const NoiseSource counted = [&](Purpose purpose, std::uint32_t step, std::uint32_t sub) {
    ++chain.draws;
    return replayed(purpose, step, sub);
  };
  PredictorCorrectorOptions options = chain_options(settings, sde->N());
  watch(options, chain, corrector != nullptr);
  chain.corrector_mean = noise.at(0) * sde->prior_std();
  chain.sample = predictor_corrector(*sde, predictor.get(), corrector.get(), counted, options).x;
  return chain;
}

/// [K, N, C, H, W].
Tensor stacked(const std::vector<Tensor>& images) {
  std::vector<Tensor> rows;
  for (const Tensor& x : images) {
    const Tensor stored = channels_first(x);
    Shape shape = stored.shape();
    shape.insert(shape.begin(), 1);
    rows.push_back(reshape(stored, shape));
  }
  return concat(rows, 0);
}

/// The recorded error is that of the sample; where a chain's states are larger, so is rounding.
Rule chain_rule(std::optional<double> floor, const std::vector<Tensor>& states, double sample) {
  Rule result;
  for (const Tensor& state : states) {
    const double size = std::max(1.0, sample > 0 ? largest(state) / sample : 1.0);
    const Rule one = floor_rule(chain_factor, floor ? std::optional(*floor * size) : floor,
                                chain_without_floor, largest(state));
    result.allowed.push_back(one.allowed[0]);
  }
  result.why = floor ? text(chain_factor, " x the recorded floor ", *floor)
                     : text("no recorded floor: ", chain_without_floor, " of the largest value");
  return result;
}

void compare_chain(const ReferenceFile& file, Report& report, const std::string& name,
                   const nlohmann::json& settings, const Chain& chain) {
  const auto floor = file.case_number(name, "fp32_vs_fp64net_maxabs");
  const bool centered = settings.at("centered");
  const Tensor sample = centered ? affine(chain.sample, 0.5, 0.5) : chain.sample;
  const double size = largest(sample);
  report.compare_images(name + ".sample", sample,
                        floor_rule(chain_factor, floor, chain_without_floor, size));
  report.compare(name + ".x", stacked(chain.states), chain_rule(floor, chain.states, size));
  const std::vector<Tensor> means = {chain.corrector_mean, chain.predictor_mean};
  report.compare(name + ".x_mean", stacked(means), chain_rule(floor, means, size));
  report.expect_equal(name + ".draws", chain.draws, settings.at("draws").get<Index>());
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
    const std::string op = settings.at("op");
    if (op != "sampler_pc" && op != "sampler_ode") throw NotBuilt{op};
    const NetworkUse use = network_of(file, settings);
    if (op == "sampler_ode")
      return replay_sampler_ode(file, report, name, settings, *use.network.score);
    if (first) compare_grid(report, settings);
    first = false;
    compare_chain(file, report, name, settings, run_chain(file, settings, *use.network.score));
  });
}

}  // namespace ito::reference
