// Likelihoods against densities in closed form.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "diffusion/likelihood/bits_per_dim.h"
#include "diffusion/score.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

using test::largest;
using test::three_modes;

/// Of the solver here. Less than 200 steps err by it, and from there to the end the flow expands
/// errors by 10 or so: 1e-8 leaves 2e-5 at most. A score in float adds its rounding, 6e-8 of
/// divergences that integrate to 20 or so in each of two dimensions.
constexpr double tol = 1e-8;
constexpr double allowed = 2e-5;

/// log p_eps by the flow less the truth, with the given density at the far end.
std::vector<double> errors(const Sde& sde, const GaussianMixture& data, const Tensor& x, double eps,
                           const std::vector<Tensor>& probes, bool exact_end) {
  const FlowDensity flow = flow_density(sde, data.score(sde), x, probes,
                                        {.eps = eps, .ode = {.rtol = tol, .atol = tol}});
  const std::vector<double> end =
      exact_end ? data.marginal(sde, sde.T()).log_density(flow.z) : sde.prior_log_density(flow.z);
  const std::vector<double> truth = data.marginal(sde, eps).log_density(x);
  const auto K = static_cast<std::size_t>(flow.probes());
  std::vector<double> result;
  for (std::size_t i = 0; i < flow.delta.size(); ++i)
    result.push_back(end[i / K] + flow.delta[i] - truth[i / K]);
  return result;
}

std::unique_ptr<Sde> all_sdes(int i) {
  if (i == 0) return std::make_unique<VpSde>();
  if (i == 1) return std::make_unique<SubVpSde>();
  return std::make_unique<VeSde>(0.01, 10);
}

/// With the exact p_T at the far end the flow gives the exact log p_eps.
TEST(FlowDensity, IsTheExactDensityOfAMixture) {
  const GaussianMixture data = three_modes();
  for (int i = 0; i < 3; ++i) {
    const auto sde = all_sdes(i);
    const double eps = 1e-3;
    const Tensor x = data.marginal(*sde, eps).sample(16, {.seed = 4});
    const double error = largest(errors(*sde, data, x, eps, {}, true));
    EXPECT_LT(error, allowed) << sde->name();
    std::cout << sde->name() << ", mixture: largest error of log p_eps " << error << " nats\n";
  }
}

/// For N(mu, v I) the divergence is a number, D times the derivative in any direction: with
/// Rademacher probes, whose |e|^2 is D, the estimate is exact.
TEST(FlowDensity, IsExactForAGaussianWithRademacherProbes) {
  const auto data = GaussianMixture::diagonal({1}, {{0.5, -0.2, 0.1}}, {{0.3, 0.3, 0.3}});
  for (int i = 0; i < 3; ++i) {
    const auto sde = all_sdes(i);
    const double eps = 1e-3;
    const Tensor x = data.marginal(*sde, eps).sample(8, {.seed = 4});
    const auto probes = draw_probes(ProbeType::rademacher, x.shape(), 2, 9);
    const double error = largest(errors(*sde, data, x, eps, probes, true));
    EXPECT_LT(error, allowed) << sde->name();
    std::cout << sde->name() << ", Gaussian: largest error of log p_eps " << error << " nats\n";
  }
}

/// With the SDE's prior in the place of p_T the result differs by log prior - log p_T at z, which
/// is known; its mean is the Kullback-Leibler distance of p_T from the prior.
TEST(FlowDensity, DiffersByThePriorsGap) {
  const GaussianMixture data = three_modes();
  for (int i = 0; i < 3; ++i) {
    const auto sde = all_sdes(i);
    const double eps = 1e-3;
    const Tensor x = data.marginal(*sde, eps).sample(16, {.seed = 4});
    const FlowDensity flow = flow_density(*sde, data.score(*sde), x, {},
                                          {.eps = eps, .ode = {.rtol = tol, .atol = tol}});
    const auto prior = sde->prior_log_density(flow.z),
               p_T = data.marginal(*sde, sde->T()).log_density(flow.z),
               error = errors(*sde, data, x, eps, {}, false);
    double gap = 0;
    for (std::size_t n = 0; n < error.size(); ++n) {
      EXPECT_NEAR(error[n], prior[n] - p_T[n], allowed) << sde->name();
      gap = std::max(gap, std::abs(prior[n] - p_T[n]));
    }
    std::cout << sde->name() << ": largest gap of the prior " << gap << " nats\n";
    EXPECT_GT(gap, 1e-3) << "nothing to see";
  }
}

/// It is p_eps, not p_0: for a narrow Gaussian the two differ by far more than the error.
TEST(FlowDensity, IsTheDensityAtEps) {
  const auto data = GaussianMixture::diagonal({1}, {{0, 0}}, {{1e-4, 1e-4}});
  const VpSde sde;
  const double eps = 1e-3;
  const Tensor x = Tensor({1, 2}, {Real(0.01), Real(-0.02)});
  EXPECT_LT(largest(errors(sde, data, x, eps, {}, true)), allowed);
  const double at_0 = data.log_density(x)[0], at_eps = data.marginal(sde, eps).log_density(x)[0];
  EXPECT_GT(std::abs(at_0 - at_eps), 0.5);
}

/// Both kinds of probes estimate the divergence without bias; Rademacher's have the variance
/// 2 (|J|^2 - |diag J|^2), Gaussian ones 2 |J|^2 (Frobenius norms, symmetric J).
TEST(FlowDerivative, HasUnbiasedEstimatesOfKnownVariance) {
  const VpSde sde;
  const GaussianMixture data = three_modes();
  const std::vector<double> x = {0.3, -0.4};
  const Times t = {0.2};
  const auto of = [&](const std::vector<Tensor>& probes) {
    return flow_derivative(sde, data.score(sde), x, {2}, t, probes).divergence;
  };
  const double exact = of({})[0];
  constexpr Index K = 2000;
  double spread[2];
  for (const ProbeType type : {ProbeType::rademacher, ProbeType::gaussian}) {
    const auto estimates = of(draw_probes(type, {1, 2}, K, 3));
    ASSERT_EQ(estimates.size(), static_cast<std::size_t>(K));
    EXPECT_LT(std::abs(test::z_score(estimates, exact)), 4);
    double squares = 0;
    for (const double value : estimates) squares += (value - exact) * (value - exact);
    spread[static_cast<int>(type)] = squares / K;
  }
  const auto along = [&](double a, double b) {
    return of({Tensor({1, 2}, {static_cast<Real>(a), static_cast<Real>(b)})})[0];
  };
  const double J_11 = along(1, 0), J_22 = along(0, 1), J_12 = (along(1, 1) - J_11 - J_22) / 2;
  const double real = 5e-4 * (sizeof(Real) == sizeof(float));
  EXPECT_NEAR(exact, J_11 + J_22, 1e-9 + real);
  // The sample variance of K values has a relative error of sqrt(2/K) = 3 %, and for Gaussian
  // probes, whose squares have heavier tails, up to sqrt(14/K) = 8 %: four of those.
  EXPECT_NEAR(spread[0], 4 * J_12 * J_12, 0.13 * 4 * J_12 * J_12 + real);
  const double frobenius = J_11 * J_11 + 2 * J_12 * J_12 + J_22 * J_22;
  EXPECT_NEAR(spread[1], 2 * frobenius, 0.34 * 2 * frobenius);
}

TEST(FlowDensity, HasTheSameBitsInAnyBatch) {
  const VpSde sde;
  const GaussianMixture data = three_modes();
  const Tensor x = data.sample(5, {.seed = 4});
  const auto of = [&](Index first, Index n) {
    const auto probes = draw_probes(ProbeType::gaussian, {n, 2}, 2, 7, first);
    return flow_density(sde, data.score(sde), slice(x, 0, first, first + n), probes);
  };
  const FlowDensity all = of(0, 5);
  for (Index n = 0; n < 5; ++n) {
    const FlowDensity one = of(n, 1);
    for (Index k = 0; k < 2; ++k)
      EXPECT_EQ(one.delta[static_cast<std::size_t>(k)],
                all.delta[static_cast<std::size_t>(2 * n + k)]);
    EXPECT_EQ(one.paths[0].t, all.paths[static_cast<std::size_t>(n)].t);
  }
}

TEST(FlowDensity, SaysWhichSampleAndWhereTheScoreIsNotANumber) {
  const VpSde sde;
  const auto nan_when = [](auto broken) -> Score {
    return [broken](const Tensor& x, const Times& t) {
      const auto scale = per_sample(
          t, [&](double t_n) { return t_n > 0.25 && broken(t.size()) ? std::nan("") : 0.0; });
      return scale_per_sample(x, scale);
    };
  };
  // Two samples that are under way for different times, so that one is alone at the end.
  const Tensor x({2, 1}, {Real(1e-4), Real(1000)});
  const Score last = nan_when([](std::size_t under_way) { return under_way == 1; });
  test::expect_error([&] { flow_density(sde, last, x, {}, {.ode = {.first_sample = 40}}); },
                     {"the derivative of sample 41 at t = 0.", "is not finite"});
  const Score all = nan_when([](std::size_t) { return true; });
  const auto probes = draw_probes(ProbeType::rademacher, {2, 1}, 2, 1);
  test::expect_error(
      [&] {
        flow_density(sde, all, Tensor::full({2, 1}, 1), probes);
      },
      {"sample 0 at t = 0.", "is not finite"});
}

TEST(FlowDensity, CountsCallsOfTheScore) {
  const VpSde sde;
  Index calls = 0;
  const Score score = counted(three_modes().score(sde), calls);
  const Tensor x = three_modes().sample(3, {.seed = 4});
  const auto probes = draw_probes(ProbeType::rademacher, {3, 2}, 3, 7);
  EXPECT_EQ(flow_density(sde, score, x, probes).calls, calls);  // whatever the number of probes
  test::expect_error(
      [&] {
        flow_density(sde, score, x, {Tensor::zeros({3, 1})});
      },
      {"expected probes [3, 2], got [3, 1]"});
  test::expect_error([&] { flow_density(sde, score, x, {}, {.eps = 2}); }, {"eps = 2"});
}

/// Values m + a_i + b_ij + c_ijk with known variances: each error bar is the root of its part.
TEST(ErrorBars, SeparateWhatMakesAMeanUnsure) {
  constexpr Index N = 400, M = 3, K = 4;
  const double a = 0.5, b = 0.3, c = 0.4;
  const auto normal = [](Index n, std::uint64_t seed) {
    return random_normal({n}, {.seed = seed}).to_host();
  };
  const auto image = normal(N, 1), draw = normal(N * M, 2), probe = normal(N * M * K, 3);
  std::vector<double> values;
  for (std::size_t i = 0; i < probe.size(); ++i)
    values.push_back(a * static_cast<double>(image[i / (M * K)]) +
                     b * static_cast<double>(draw[i / K]) + c * static_cast<double>(probe[i]));
  const ErrorBars bars = error_bars(values, N, M, K);
  // Standard deviations of 400 or more values are known to 1 / sqrt(800) = 3.5 %, and b's from a
  // difference to about twice that: four of those.
  EXPECT_NEAR(bars.data.value() / (a / std::sqrt(N)), 1, 0.2);
  EXPECT_NEAR(bars.dequantization.value() / (b / std::sqrt(N * M)), 1, 0.3);
  EXPECT_NEAR(bars.probe.value() / (c / std::sqrt(N * M * K)), 1, 0.15);
  const double sum = *bars.data * *bars.data + *bars.dequantization * *bars.dequantization +
                     *bars.probe * *bars.probe;
  EXPECT_NEAR(bars.total * bars.total, sum, 1e-12);

  const ErrorBars alone = error_bars({1, 2, 4}, 3, 1, 1);
  EXPECT_FALSE(alone.probe || alone.dequantization || alone.data);
  EXPECT_NEAR(alone.total, std::sqrt(7.0 / 3 / 3), 1e-12);
  // Of a single image its draws alone are random, of a single draw its probes.
  EXPECT_NEAR(error_bars({1, 2, 4}, 1, 3, 1).total, alone.total, 1e-12);
  EXPECT_NEAR(error_bars({1, 2, 4}, 1, 1, 3).total, alone.total, 1e-12);
  test::expect_error([] { error_bars({1, 2}, 1, 3, 1); }, {"[1, 3, 1], got 2"});
}

TEST(BitsPerDim, HasTheOffsetOfTheRange) {
  EXPECT_EQ(bits_offset(256, Range::unit), 8);
  EXPECT_EQ(bits_offset(256, Range::centered), 7);
  EXPECT_EQ(bits_offset(0, Range::unit), 0);
}

/// Images whose pixels take the levels 0, 1, 2, 3 in turn.
ImageSet four_levels(Index count, const Shape& item) {
  ImageSet set;
  set.count = count, set.item = item, set.levels = 4;
  for (Index i = 0; i < count * item.elements(); ++i)
    set.pixels.push_back(static_cast<std::uint8_t>(i % 4));
  return set;
}

/// Images of one pixel, uniform over the levels: the model N(0, v) of centered data gives each
/// level l an expected code length in closed form, by quadrature over the level.
TEST(BitsPerDim, IsTheMeanCodeLengthOfLevels) {
  const ImageSet set = four_levels(64, {1, 1, 1});
  const auto model = GaussianMixture::diagonal({1}, {{0.1}}, {{0.4}});
  const VpSde sde;
  const LikelihoodOptions options{.eps = 1e-3, .probes = 2, .draws = 40, .batch = 16};
  const BitsPerDim result = bits_per_dim(sde, model.score(sde), set, 64, Range::centered, options);

  const GaussianMixture p_eps = model.marginal(sde, options.eps);
  double truth = 0;
  constexpr int points = 4000;
  for (int i = 0; i < points; ++i) {
    const Tensor x({1, 1}, {static_cast<Real>(-1 + 2 * (i + 0.5) / points)});
    truth += bits_of(p_eps.log_density(x), 1, bits_offset(4, Range::centered))[0] / points;
  }
  // Each image has an expectation of its own; the mean over all levels is that of the uniform.
  EXPECT_LT(std::abs(result.mean - truth), 4 * result.errors.dequantization.value() + 1e-3);
  EXPECT_GT(*result.errors.dequantization, 0);
  EXPECT_LT(*result.errors.probe, 1e-6);  // one dimension: |e|^2 = 1
  EXPECT_LT(result.errors.solver.value(), 1e-3);
  EXPECT_EQ(result.per_image.size(), 64u);
}

/// The cost of the prior that is stated bounds what it truly is: for one pixel and a Gaussian model
/// the Kullback-Leibler distance of p_T from the prior has a closed form.
TEST(BitsPerDim, StatesWhatThePriorCostsAtMost) {
  const ImageSet set = four_levels(64, {1, 1, 1});
  for (int i = 0; i < 3; ++i) {
    const auto sde = all_sdes(i);
    // The levels, made continuous, are uniform over [-1, 1]: mean 0 and variance 1/3.
    const auto model = GaussianMixture::diagonal({1}, {{0}}, {{1.0 / 3}});
    const BitsPerDim bits =
        bits_per_dim(*sde, model.score(*sde), set, 64, Range::centered, {.eps = 1e-3});
    const double w = model.marginal(*sde, 1).components()[0].variances[0];
    const double prior = sde->prior_std() * sde->prior_std();
    const double truth = 0.5 * (std::log(prior / w) + w / prior - 1) / std::log(2.0);
    EXPECT_GE(bits.prior_gap, truth) << sde->name();
    const double m = sde->mean_scale(1), s2 = sde->std(1) * sde->std(1);
    // E x_0^2 of 64 values spread evenly over four levels is 1/3 within 0.1.
    const double bound =
        0.5 * (std::log(prior / s2) + (s2 + m * m / 3) / prior - 1) / std::log(2.0);
    EXPECT_NEAR(bits.prior_gap, bound, 0.05 * m * m / prior / std::log(2.0)) << sde->name();
    std::cout << sde->name() << ": the prior costs " << truth << " bits/dim, at most "
              << bits.prior_gap << "\n";
  }
}

TEST(BitsPerDim, DoesNotDependOnTheBatch) {
  const ImageSet set = four_levels(5, {2, 1, 1});
  const VpSde sde;
  const Score score = three_modes().score(sde);
  const auto of = [&](Index batch) {
    return bits_per_dim(sde, score, set, 5, Range::centered, {.draws = 2, .batch = batch});
  };
  const BitsPerDim all = of(5), twos = of(2);
  EXPECT_EQ(all.per_image, twos.per_image);
  EXPECT_EQ(all.mean, twos.mean);
  test::expect_error([&] { bits_per_dim(sde, score, set, 6, Range::unit); },
                     {"expected 1 to 5 images, got 6"});
  const BitsPerDim stopped = bits_per_dim(sde, score, set, 5, Range::centered,
                                          {.progress = [](double done) { return done < 0.3; }});
  EXPECT_FALSE(stopped.complete);
}

}  // namespace
}  // namespace ito
