// likelihood_*: bits per dimension with the recorded probes, one error for the whole batch.

#include <algorithm>
#include <cmath>

#include "diffusion/likelihood/bits_per_dim.h"
#include "diffusion/ode/probability_flow.h"
#include "diffusion/score.h"
#include "tests/reference/network.h"
#include "tests/reference/published_sde.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

Tensor values(const std::vector<double>& numbers) {
  return Tensor({static_cast<Index>(numbers.size())},
                std::vector<Real>(numbers.begin(), numbers.end()));
}

/// What a case begins with.
struct Problem {
  NetworkUse use;
  std::unique_ptr<Sde> sde;
  Score score;
  Tensor x, probe;

  Problem(const ReferenceFile& file, const std::string& name, const nlohmann::json& settings)
      : use(network_of(file, settings)),
        sde(make_published_sde(settings.at("sde"))),
        score(network_score(*use.network.score, *sde)),
        x(file.images("in.data")),
        probe(file.images(name + ".epsilon")) {}
};

/// One evaluation at x = in.data for each of the recorded times. The divergence sums derivatives:
/// single evaluations are held to 1e-4 of the largest value, as chains without a floor.
void compare_evaluations(Report& report, const std::string& name, const nlohmann::json& settings,
                         const Problem& p) {
  for (const double time : settings.at("probe_times")) {
    const Times t(static_cast<std::size_t>(p.x.size(0)), time);
    const Shape item = item_of(p.x);
    const FlowDerivative d =
        flow_derivative(*p.sde, p.score, rows_of_batch(p.x), item, t, {p.probe}, p.x.device());
    const Tensor drift = batch_of_rows(d.drift, item), divergence = values(d.divergence);
    const auto limit = [](const Tensor& t_x) {
      return floor_rule(chain_factor, {}, chain_without_floor, largest(t_x));
    };
    report.compare_images(text(name, ".drift_t", time), drift, limit(drift));
    report.compare(text(name, ".div_t", time), divergence, limit(divergence));
  }
}

/// The solver takes or leaves a step whose error is near its limit by rounding errors of the
/// divergence, a sum of D terms in float. The recorded floors count; two solutions that part there
/// may also differ by the errors that both have: one tolerance for each step.
class PathRule {
 public:
  PathRule(const ReferenceFile& file, const std::string& name, const OdePath& path, double rtol)
      : path_(path),
        stored_t_(file.numbers(name + ".ode.t")),
        stored_nfe_(file.integers(name + ".nfe").at(0)),
        solver_(rtol * static_cast<double>(stored_t_.size())) {}

  bool parted() const { return path_.evaluations != stored_nfe_; }

  /// For `x`, with errors of the solver relative to `size`.
  Rule operator()(std::optional<double> floor, const Tensor& x, double size) const {
    const Rule same = floor_rule(chain_factor, floor, chain_without_floor, largest(x));
    const double apart = 2 * solver_ * (1 + size);
    if (!parted() || same.allowed[0] >= apart) return same;
    return rule(apart, "steps parted: 2 x one tolerance for each", largest(x));
  }

  /// At most one attempt in ten more or less, two in short paths: a step that one solver takes and
  /// the other leaves costs an attempt, and what it costs is no accuracy, which the other rules ask
  /// for. Each stored time has one of ours within half a step.
  void compare_path(Report& report, const std::string& name) const {
    const auto evaluations = static_cast<double>(path_.evaluations);
    constexpr double of_an_attempt = 6;
    const double attempts = static_cast<double>(stored_nfe_) / of_an_attempt;
    report.compare(name + ".nfe", values({evaluations}),
                   rule(of_an_attempt * std::max(2.0, std::floor(attempts / 10)),
                        "an attempt in ten on the edge", evaluations));
    std::vector<double> nearest;
    double step = 0;
    for (std::size_t i = 0; i < stored_t_.size(); ++i) {
      nearest.push_back(*std::ranges::min_element(
          path_.t, {}, [&](double t) { return std::abs(t - stored_t_[i]); }));
      if (i > 0) step = std::max(step, stored_t_[i] - stored_t_[i - 1]);
    }
    report.compare(name + ".ode.t", values(nearest), rule(step / 2, "half a step", 1));
  }

 private:
  const OdePath& path_;
  std::vector<double> stored_t_;
  std::int64_t stored_nfe_;
  double solver_;
};

void compare_solution(const ReferenceFile& file, Report& report, const std::string& name,
                      const nlohmann::json& settings, const Problem& p) {
  const Sde& sde = *p.sde;
  const FlowDensity flow = flow_density(
      sde, p.score, p.x, {p.probe}, {.eps = settings.at("eps"), .ode = published_ode(settings)});
  const bool centered = settings.at("centered");
  const double offset = bits_offset(256, centered ? Range::centered : Range::unit);
  report.expect_equal(name + ".offset", std::llround(offset), settings.at("offset").get<Index>());
  const std::vector<double> bits = bits_of(log_density(sde, flow), item_of(p.x).elements(), offset);

  const auto in_bits = file.case_number(name, "fp32_vs_fp64net_maxabs_bpd"),
             in_z = file.case_number(name, "fp32_vs_fp64net_maxabs_z");
  // In nats an error in bits per dimension is D log 2 times as large.
  const double nats = static_cast<double>(item_of(p.x).elements()) * std::log(2.0);
  const auto in_nats = in_bits ? std::optional(*in_bits * nats) : in_bits;
  const OdePath& path = flow.paths.at(0);
  const PathRule limit(file, name, path, settings.at("rtol"));
  const std::vector<double> prior = sde.prior_log_density(flow.z);
  const Tensor delta = values(flow.delta);
  report.compare(name + ".bpd", values(bits), limit(in_bits, values(bits), largest(delta) / nats));
  report.compare_images(name + ".z", flow.z, limit(in_z, flow.z, largest(flow.z)));
  report.compare(name + ".delta_logp", delta, limit(in_nats, delta, largest(delta)));
  report.compare(name + ".prior_logp", values(prior),
                 limit(in_nats, values(prior), largest(delta)));
  limit.compare_path(report, name);
}

void replay_case(const ReferenceFile& file, Report& report, const std::string& name,
                 const nlohmann::json& settings) {
  require_setting(settings, "continuous", true);
  const Problem problem(file, name, settings);
  if (!file.brief()) compare_solution(file, report, name, settings, problem);
  compare_evaluations(report, name, settings, problem);
}

}  // namespace

void replay_likelihood(const ReferenceFile& file, Report& report) {
  report.each_case([&](const std::string& name, const nlohmann::json& settings) {
    const std::string op = settings.at("op");
    if (op != "likelihood") throw NotBuilt{op};
    replay_case(file, report, name, settings);
  });
}

}  // namespace ito::reference
