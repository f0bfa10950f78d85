// The truth bench: its measures against closed forms, its contestants against what they declare.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "diffusion/truth/figures.h"
#include "diffusion/truth/measures.h"
#include "diffusion/truth/report.h"
#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

const auto go_on = [] { return true; };

TEST(GaussianKl, IsTheClosedForm) {
  EXPECT_EQ(gaussian_kl({0.3, 1}, {2, 0.1}, {0.3, 1}, {2, 0.1}), 0);
  EXPECT_NEAR(gaussian_kl({1}, {2}, {0}, {1}), (2 - 1 - std::log(2) + 1) / 2, 1e-15);
}

/// Of n exact samples in D dimensions 2 n KL is nearly chi-squared with 2 D degrees of freedom
/// (means and variances): mean 2 D, variance 4 D.
TEST(ModeFitKl, OfExactSamplesIsItsBias) {
  const Target low_rank = truth_targets()[1];
  const double n = 20000, D = 16;
  const Tensor x = low_rank.p.sample(20000, {.seed = 8});
  const double statistic = 2 * n * mode_fit_kl(low_rank.p, fit_modes(low_rank.p, x));
  EXPECT_LT(std::abs(statistic - 2 * D), 4 * std::sqrt(4 * D));
}

TEST(ModeFitKl, SeesModesThatMoveAndWiden) {
  const auto truth = GaussianMixture::diagonal({1}, {{0.5, -0.3}}, {{1, 0.1}});
  const Tensor x = truth.sample(20000, {.seed = 8});
  const double before = mode_fit_kl(truth, fit_modes(truth, x));
  const double moved = mode_fit_kl(truth, fit_modes(truth, x + 0.2));
  // (0.2^2 / 1 + 0.2^2 / 0.1) / 2, and a cross term of the sample means, 0.2 x 4 / sqrt(n v) at
  // most
  EXPECT_NEAR(moved - before, 0.22, 0.2 * 4 / std::sqrt(20000 * 0.1) * 2);
  // About the mean 0.5 twice as wide as it should be, in both directions
  const auto wide = GaussianMixture::diagonal({1}, {{0.5, -0.3}}, {{2, 0.2}});
  EXPECT_NEAR(mode_fit_kl(truth, fit_modes(truth, wide.sample(20000, {.seed = 8}))),
              1 - std::log(2.0),
              4 * std::sqrt(2 / 20000.0));  // 1/2 - 1/(2 r) of 2 sqrt(2 / n) each
}

TEST(ModeFitKl, SeesWeightsThatAreOff) {
  const GaussianMixture truth = test::three_modes();
  auto components = truth.components();
  components[0].weight = 0.3, components[1].weight = 0.5;
  const GaussianMixture swapped(components);
  const ModeFit fit = fit_modes(truth, swapped.sample(20000, {.seed = 8}));
  // The modes overlap a little, so that responsibilities are not quite the weights: 10 %.
  EXPECT_NEAR(weight_error(truth, fit), 0.2, 0.02);
  EXPECT_NEAR(mode_fit_kl(truth, fit), 0.2 * std::log(5.0 / 3), 0.02);
  const ModeFit exact = fit_modes(truth, truth.sample(20000, {.seed = 9}));
  EXPECT_LT(weight_error(truth, exact), 4 * 0.5 / std::sqrt(20000.0));
  EXPECT_LT(mode_fit_kl(truth, exact), 0.002);  // bias: 14 numbers / (2 n) = 0.0004
}

/// In one dimension sorting is the optimal transport.
TEST(SlicedWasserstein, IsExactInOneDimension) {
  const Tensor x = random_normal({500, 1}, {.seed = 1});
  EXPECT_EQ(sliced_wasserstein(x, x), 0);
  EXPECT_NEAR(sliced_wasserstein(x, x + 0.75), 0.75, 1e-6);
  EXPECT_NEAR(sliced_wasserstein(x, x * 3.0), 2 * std::sqrt(sum_squares(x) / 500), 1e-5);
  const Tensor turned = concat({slice(x, 0, 200, 500), slice(x, 0, 0, 200)}, 0);
  EXPECT_EQ(sliced_wasserstein(x, turned), 0);
  test::expect_error([&] { sliced_wasserstein(x, slice(x, 0, 0, 9)); }, {"[500, 1] and [9, 1]"});
}

/// A shift c of D dimensions has (c v)^2 = |c|^2 / D on average over directions v, which 50 of them
/// estimate to sqrt(2 / 50) = 20 %: the root to 10 %, three times that are allowed.
TEST(SlicedWasserstein, AveragesOverDirections) {
  const Tensor x = random_normal({300, 16}, {.seed = 1});
  EXPECT_NEAR(sliced_wasserstein(x, x + 0.5), 0.5, 0.15);
}

TEST(Contestants, CountWhatTheyDeclare) {
  const VpSde sde;
  const Target target = truth_targets()[2];
  std::set<std::string> names;
  for (const Contestant& c : contestants()) {
    EXPECT_TRUE(names.insert(c.name).second) << c.name;
    const Draw draw = draw_from(c, {target, sde, 1e-3}, 3, 1e-2, 5, 1, go_on);
    EXPECT_EQ(draw.x.shape(), (Shape{5, 2}));
    if (c.adaptive) {
      EXPECT_GT(draw.evaluations, 2);
      continue;
    }
    EXPECT_EQ(draw.evaluations, 3 * c.per_step - c.spared) << c.name;
    EXPECT_EQ(c.steps_within(3 * c.per_step - c.spared), 3);
    EXPECT_EQ(c.steps_within(3 * c.per_step - c.spared - 1), 2);
  }
}

/// The exact KL against that of a Gaussian fitted to n samples: its standard error is sqrt(2 KL /
/// n) near the truth and 2 of that where variances are six times too large, which is as far as
/// these contestants are off. Four of those, and the fit's bias.
TEST(AffineKl, IsWhatSamplesShow) {
  const VpSde sde;
  const Target target = truth_targets()[0];
  for (const Contestant& c : contestants()) {
    if (!c.affine) continue;
    const int steps = c.steps_within(15);
    const Tensor x = draw_from(c, {target, sde, 1e-3}, steps, 0, 8000, 3, go_on).x;
    const double exact = affine_kl(c, {target, sde, 1e-3}, steps);
    EXPECT_NEAR(mode_fit_kl(target.p, fit_modes(target.p, x)), exact,
                8 * std::sqrt(2 * exact / 8000) + 0.001)
        << c.name;
  }
}

/// The unadjusted Langevin chain from N(0, 1) in closed form: with a = 1 - e / v the mean is
/// mu (1 - a^n) and the variance a^2n + 2 e (1 - a^2n) / (1 - a^2).
TEST(AffineKl, OfALangevinChainIsTheClosedForm) {
  const VpSde sde;
  const Target target = truth_targets()[0];
  const auto all = contestants();
  const auto ula = std::ranges::find(all, std::string("unadjusted Langevin"), &Contestant::name);
  ASSERT_NE(ula, all.end());
  const double m = sde.mean_scale(1e-3), noise = sde.std(1e-3), e = 0.1 / 5;
  const auto& truth = target.p.components()[0];
  std::vector<double> mean, variances;
  for (std::size_t d = 0; d < 2; ++d) {
    const double v = m * m * truth.variances[d] + noise * noise, a = 1 - e / v;
    mean.push_back(m * truth.mean[d] * (1 - std::pow(a, 12)));
    variances.push_back(std::pow(a, 24) + 2 * e * (1 - std::pow(a, 24)) / (1 - a * a));
  }
  const double exact = gaussian_kl(mean, variances, truth.mean, truth.variances);
  EXPECT_NEAR(affine_kl(*ula, {target, sde, 1e-3}, 12), exact,
              sizeof(Real) == sizeof(double) ? 1e-10 : 1e-4);
}

BenchOptions tiny_bench() {
  return {.budgets = {8}, .samples = 20, .repeats = 2, .sdes = {"ve", "subvp"}};
}

TEST(TruthBench, MeasuresEveryContestantOnEveryTarget) {
  BenchOptions options = tiny_bench();
  Index calls = 0, last = 0;
  options.progress = [&](Index done, Index total, const std::string&) {
    EXPECT_EQ(total, 4 * 2 * 21);
    EXPECT_GE(done, last);
    last = done, ++calls;
    return true;
  };
  const BenchResult result = bench_samplers(options);
  EXPECT_TRUE(result.complete);
  EXPECT_GT(calls, 4 * 2 * 21);
  EXPECT_EQ(result.points.size(), 4u * 2 * 21);
  EXPECT_EQ(result.floors.size(), 4u);
  for (const BenchPoint& p : result.points) {
    EXPECT_TRUE(p.sampler.adaptive || p.evaluations <= 8) << p.sampler.name;
    EXPECT_EQ(p.measured.wasserstein.size(), 2u);
    EXPECT_EQ(p.measured.exact_kl,
              p.sampler.affine && p.target != "mixture_2d" && p.target != "mixture_64d");
    for (const double value : p.measured.wasserstein) EXPECT_TRUE(std::isfinite(value));
    for (const double value : p.measured.kl) EXPECT_TRUE(std::isfinite(value)) << p.sampler.name;
  }

  std::istringstream csv(bench_csv(result));
  std::string line;
  std::size_t lines = 0;
  while (std::getline(csv, line)) {
    EXPECT_EQ(std::ranges::count(line, ','), 16) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 1 + result.points.size());
  const std::string table = bench_table(result, options.budgets);
  for (const char* text : {"mixture_64d under subvp", "DPM-Solver++ 3", "KL", "exact samples"})
    EXPECT_NE(table.find(text), std::string::npos) << text;
  EXPECT_EQ(wasserstein_figure(result).panels.size(), 8u);
  EXPECT_EQ(kl_figure(result).columns, 2);
}

TEST(TruthBench, StopsAndRefuses) {
  BenchOptions options = tiny_bench();
  options.progress = [](Index done, Index, const std::string&) { return done < 3; };
  EXPECT_FALSE(bench_samplers(options).complete);
  options.repeats = 1;
  test::expect_error([&] { bench_samplers(options); }, {"2 repeats", "and 1"});
  options = tiny_bench();
  options.sdes = {"vpp"};
  test::expect_error([&] { bench_samplers(options); }, {"vp, subvp or ve, got vpp"});
}

/// A bench of two samplers with distances that are made up.
std::vector<Finding> weighed(const Repeats& pc, const Repeats& predictor) {
  BenchResult result;
  result.floors.emplace_back("gaussian", Measured{});
  for (const Contestant& c : contestants()) {
    const bool first = c.name == "reverse diffusion + Langevin";
    if (!first && c.name != "reverse diffusion") continue;
    result.points.push_back(
        {.target = "gaussian",
         .sde = "ve",
         .sampler = c,
         .budget = 64,
         .steps = 1,
         .evaluations = 64,
         .seconds = 1,
         .measured = {.kl = {}, .wasserstein = first ? pc : predictor, .weight_error = {}}});
  }
  return weigh_claims(result);
}

TEST(Claims, AreWeighedByTheirInterval) {
  const auto one = weighed({0.5, 0.6, 0.5}, {1, 1.1, 1});
  ASSERT_EQ(one.size(), 1u);  // the other claims want samplers that are not there
  EXPECT_EQ(one[0].verdict(), Verdict::seen);
  // Logarithms of 0.5, 0.6 / 1.1 and 0.5; t with 2 degrees of freedom
  const double a = std::log(0.5), b = std::log(0.6 / 1.1), mean = (2 * a + b) / 3;
  const double error = std::sqrt((2 * std::pow(a - mean, 2) + std::pow(b - mean, 2)) / 2 / 3);
  EXPECT_NEAR(one[0].ratio, std::exp(mean), 1e-12);
  EXPECT_NEAR(one[0].high, std::exp(mean + 4.303 * error), 1e-12);
  EXPECT_EQ(weighed({1, 1.1, 1}, {0.5, 0.6, 0.5})[0].verdict(), Verdict::not_seen);
  EXPECT_EQ(weighed({1, 0.4, 1}, {0.9, 0.6, 0.8})[0].verdict(), Verdict::undecided);
  EXPECT_NE(claims_table(one).find("seen"), std::string::npos);
  EXPECT_NE(claims_csv(one).find("gaussian,seen,0.5"), std::string::npos);
}

}  // namespace
}  // namespace ito
