#include "tests/reference/chain.h"

#include "diffusion/samplers/samplers.h"
#include "diffusion/score.h"
#include "engine/ops.h"
#include "tests/reference/published_sde.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

PredictorCorrectorOptions chain_options(const nlohmann::json& settings, int N, bool brief) {
  PredictorCorrectorOptions options;
  options.steps = N;
  options.eps = settings.at("eps");
  options.corrector_steps = settings.at("n_steps");
  options.denoise = settings.at("denoise");
  if (brief) options.progress = [](int done, int) { return done < brief_steps; };
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

/// Passes a constraint on and remembers the states before and after it.
class WatchedConstraint : public Constraint {
 public:
  WatchedConstraint(std::unique_ptr<Constraint> inner, Chain& chain)
      : inner_(std::move(inner)), chain_(chain) {}

  Tensor start(const Tensor& x_T, const Tensor& z) const override {
    return chain_.entering.emplace_back(inner_->start(x_T, z));
  }
  Update apply(const Update& state, const Times& t, const Times& s,
               const Tensor& z) const override {
    chain_.states.push_back(state.x);
    const Update agreeing = inner_->apply(state, t, s, z);
    chain_.entering.push_back(agreeing.x);
    return agreeing;
  }
  bool every_iteration() const override { return inner_->every_iteration(); }

 private:
  std::unique_ptr<Constraint> inner_;
  Chain& chain_;
};

}  // namespace

Chain run_chain(const ReferenceFile& file, const nlohmann::json& settings,
                const nn::ScoreNetwork& network, const ConstraintOf& constraint) {
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
  PredictorCorrectorOptions options = chain_options(settings, sde->N(), file.brief());
  std::optional<WatchedConstraint> watched;
  if (constraint) {
    options.constraint = &watched.emplace(constraint(*sde), chain);
  } else {
    watch(options, chain, corrector != nullptr);
    chain.corrector_mean = noise.at(0) * sde->prior_std();
  }
  chain.sample = predictor_corrector(*sde, predictor.get(), corrector.get(), counted, options).x;
  return chain;
}

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

namespace {

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

std::optional<double> chain_floor(const ReferenceFile& file, const std::string& name) {
  return file.case_number(name, "fp32_vs_fp64net_maxabs");
}

}  // namespace

void compare_states(const ReferenceFile& file, Report& report, const std::string& name,
                    const char* which, const std::vector<Tensor>& states) {
  const std::string stored = name + "." + which;
  const double sample = largest(file.contents().tensor(name + ".sample"));
  const Rule limits = chain_rule(chain_floor(file, name), states, sample);
  file.brief() ? report.compare_first_rows(stored, stacked(states), limits)
               : report.compare(stored, stacked(states), limits);
}

void compare_sample(const ReferenceFile& file, Report& report, const std::string& name,
                    const nlohmann::json& settings, const Chain& chain) {
  if (file.brief()) return;
  const bool centered = settings.at("centered");
  const Tensor sample = centered ? affine(chain.sample, 0.5, 0.5) : chain.sample;
  report.compare_images(
      name + ".sample", sample,
      floor_rule(chain_factor, chain_floor(file, name), chain_without_floor, largest(sample)));
  report.expect_equal(name + ".draws", chain.draws, settings.at("draws").get<Index>());
}

}  // namespace ito::reference
