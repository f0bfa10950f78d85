// sde_*: tables of drifts, diffusions, marginals and discretisations over times.

#include <cmath>

#include "diffusion/sde/reverse.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "engine/ops.h"
#include "tests/reference/published_sde.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

/// Relative limits: `out64.*` are doubles rounded to float, as our own values are; `out.*` and the
/// tables were computed in float, with a few roundings more.
constexpr double double_limit = 5e-7, float_limit = 2e-6;
/// One ulp of a float just above 1.
constexpr double float_rounding = 0x1p-23;

/// What is rounded in float on the way to a table's values, beside the values themselves.
struct Roundings {
  Tensor terms;       ///< summands, which may cancel: limits refer to the larger of value and term
  Tensor subtracted;  ///< a number close to it is subtracted from this
  bool step = false;  ///< the noise of a discrete step enters
};

/// A table under comparison.
struct Table {
  const Sde& sde;
  Report& report;
  const Times& t;

  /// One number per time, or a tensor [K, ...] with one row per time.
  void compare(const std::string& name, const Tensor& ours, const Roundings& also = {}) const {
    Rule in_float{{}, {}, text(float_limit, " of each time's values, and what float cancels")};
    Rule in_double{{}, {}, text(double_limit, " of each time's values")};
    for (std::size_t k = 0; k < t.size(); ++k) {
      const double size = std::max(size_at(ours, k), size_at(also.terms, k));
      const double lost = lost_in_std(t[k]) + (also.step ? lost_in_step(t[k]) : 0);
      in_float.allowed.push_back((float_limit + lost) * size +
                                 float_rounding * size_at(also.subtracted, k));
      in_double.allowed.push_back(double_limit * size);
      in_float.scale.push_back(size);
      in_double.scale.push_back(size);
    }
    report.compare("out." + name, ours, in_float);
    report.compare("out64." + name, ours, in_double);
  }

  template <class F>
  void compare_scalars(const std::string& name, F f, const Roundings& also = {}) const {
    const std::vector<double> values = per_sample(t, f);
    const Shape shape = {static_cast<Index>(t.size())};
    compare(name, Tensor(shape, std::vector<Real>(values.begin(), values.end())), also);
  }

 private:
  double size_at(const Tensor& table, std::size_t k) const {
    if (!table.defined()) return 0;
    const Tensor rows = reshape(table, {static_cast<Index>(t.size()), -1});
    return largest(row(rows, static_cast<Index>(k)));
  }

  /// 1 - exp(y) in float is off by its rounding; the smallest such difference is 1 - a^2 with the
  /// scale a of the mean.
  double lost_in_std(double time) const {
    const double a = sde.mean_scale(time);
    return a < 1 ? float_rounding / (1 - a * a) : 0;
  }

  /// A step that only adds noise has the difference of two variances exp(2 log sigma) as its own;
  /// logs of 4 to 8 are rounded by 2 float_rounding each.
  double lost_in_step(double time) const {
    const Transition step = sde.discretise(time);
    const double ratio = step.noise > 0 ? sde.std(time) / step.noise : 0;
    return step.scale == 1 ? 8 * float_rounding * ratio * ratio : 0;
  }
};

std::vector<Transition> steps_of(const Sde& sde, const Times& t) {
  std::vector<Transition> steps;
  for (const double t_n : t) steps.push_back(sde.discretise(t_n));
  return steps;
}

void compare_forward(const Table& table, const Tensor& x) {
  const Sde& sde = table.sde;
  const auto f = per_sample(table.t, [&](double t) { return sde.drift(t); });
  table.compare("drift", scale_per_sample(x, f));
  table.compare_scalars("diffusion", [&](double t) { return sde.diffusion(t); });
  table.compare("marginal.mean", sde.perturb(x, table.t, Tensor::zeros(x.shape(), x.device())));
  table.compare_scalars("marginal.std", [&](double t) { return sde.std(t); });
  table.compare_scalars("marginal.mean_coeff", [&](double t) { return sde.mean_scale(t); });
  const auto f_i = per_sample(table.t, [&](double t) { return sde.discretise(t).scale - 1; });
  table.compare("discretize.f", scale_per_sample(x, f_i), {.terms = {}, .subtracted = x});
  table.compare_scalars("discretize.G", [&](double t) { return sde.discretise(t).noise; },
                        {.terms = {}, .subtracted = {}, .step = true});
}

/// `factor`: score / x.
void compare_reverse(const Table& table, const Tensor& x, double factor, bool probability_flow,
                     const std::string& name) {
  const Score score = [factor](const Tensor& at, const Times&) { return at * factor; };
  const ReverseSde reverse{table.sde, score, probability_flow};
  const auto f = per_sample(table.t, [&](double t) { return table.sde.drift(t); });
  const auto f_i = per_sample(table.t, [&](double t) { return table.sde.discretise(t).scale - 1; });
  const auto noise = [&](double t) { return reverse.discrete_noise(table.sde.discretise(t)); };

  table.compare(name + ".drift", reverse.drift(x, table.t),
                {.terms = scale_per_sample(x, f), .subtracted = {}});
  table.compare_scalars(name + ".diffusion", [&](double t) { return reverse.diffusion(t); });
  table.compare(name + ".discretize.f",
                reverse.discrete_drift(x, table.t, steps_of(table.sde, table.t)),
                {.terms = scale_per_sample(x, f_i), .subtracted = x, .step = true});
  table.compare_scalars(name + ".discretize.G", noise,
                        {.terms = {}, .subtracted = {}, .step = true});
}

void compare_values(Report& report, const std::string& name, const std::vector<double>& values,
                    double limit = float_limit) {
  const Tensor ours({static_cast<Index>(values.size())},
                    std::vector<Real>(values.begin(), values.end()));
  const double size = largest(ours);
  report.compare(name, ours, rule(limit * size, text(limit, " of the largest value"), size));
}

void compare_prior(const Sde& sde, const ReferenceFile& file, Report& report) {
  if (file.has("in.z")) {
    const std::vector<double> log_density = sde.prior_log_density(file.tensor("in.z"));
    compare_values(report, "out.prior_logp", log_density);
    compare_values(report, "out64.prior_logp", log_density, double_limit);
  }
  if (!file.has("prior.noise")) return;
  const Tensor sample = file.tensor("prior.noise") * sde.prior_std();
  const double size = largest(sample);
  report.compare("prior.sample", sample,
                 rule(float_limit * size, text(float_limit, " of the largest value"), size));
}

/// The tables of the discrete forms.
void compare_tables(const Sde& sde, Report& report) {
  if (const auto* ve = dynamic_cast<const VeSde*>(&sde))
    compare_values(report, "table.discrete_sigmas", ve->sigmas());
  const auto* vp = dynamic_cast<const VpSde*>(&sde);
  if (!vp) return;
  const auto roots = [](std::vector<double> values) {
    for (double& value : values) value = std::sqrt(value);
    return values;
  };
  compare_values(report, "table.discrete_betas", vp->betas());
  compare_values(report, "table.alphas",
                 per_sample(vp->betas(), [](double beta) { return 1 - beta; }));
  compare_values(report, "table.alphas_cumprod", vp->alphas_cumprod());
  compare_values(report, "table.sqrt_alphas_cumprod", roots(vp->alphas_cumprod()));
  compare_values(report, "table.sqrt_1m_alphas_cumprod", vp->discrete_stds());
}

}  // namespace

void replay_sde(const ReferenceFile& file, Report& report) {
  report.each_case([&](const std::string&, const nlohmann::json& settings) {
    const auto sde = make_sde(settings.at("sde"));
    const nlohmann::json& linear = settings.at("score");
    require_setting(linear, "kind", "linear");
    const double factor = linear.at("factor");
    const Times t = file.numbers("in.t");
    const Tensor x = file.tensor("in.x");
    const Table table{*sde, report, t};
    compare_forward(table, x);
    compare_reverse(table, x, factor, false, "reverse_sde");
    compare_reverse(table, x, factor, true, "probability_flow");
    std::vector<std::int64_t> indices;
    for (const double t_n : t) indices.push_back(sde->index(t_n));
    report.compare_integers("out.timestep", indices);
    compare_prior(*sde, file, report);
    compare_tables(*sde, report);
  });
}

}  // namespace ito::reference
