// The probability-flow ODE sampler against flows that are known in closed form.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/samplers/generate.h"
#include "diffusion/score.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "diffusion/training/film_strip.h"
#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

using test::three_modes;

/// What a Real score does to a solution in double: with floats its rounding, 6e-8 of drifts that
/// add up to about 20, and of the state that it sees.
constexpr double real_rounding = sizeof(Real) == sizeof(float) ? 2e-5 : 0;

Tensor prior(const Sde& sde, const Shape& shape, std::uint64_t seed = 3, Index first = 0) {
  return random_noise(shape, seed, first)(Purpose::prior, 0, 0) * sde.prior_std();
}

/// For N(mu, v) the flow keeps (x - m mu) / sqrt(m^2 v + std^2) of each coordinate.
void expect_gaussian_flow(const Sde& sde, double eps) {
  const double mu = 0.7, v = 0.25, tol = 1e-7;
  const auto data = GaussianMixture::diagonal({1}, {{mu, mu}}, {{v, v}});
  const Tensor x_T = prior(sde, {5, 2});
  const Tensor x = probability_flow_ode(sde, data.score(sde), x_T,
                                        {.eps = eps, .denoise = false, .ode = {tol, tol}})
                       .x;
  const auto standard = [&](double value, double t) {
    const double m = sde.mean_scale(t), s = sde.std(t);
    return (value - m * mu) / std::sqrt(m * m * v + s * s);
  };
  for (Index i = 0; i < x.elements(); ++i) {
    // Some hundred steps of local error tol each, relative to values of order 1 (50 for VE).
    EXPECT_NEAR(standard(static_cast<double>(x.data()[i]), eps),
                standard(static_cast<double>(x_T.data()[i]), 1), 200 * tol + 2 * real_rounding)
        << sde.name();
  }
}

TEST(ProbabilityFlow, IsTheKnownOneForAGaussian) {
  expect_gaussian_flow(VpSde(), 1e-3);
  expect_gaussian_flow(SubVpSde(), 1e-3);
  expect_gaussian_flow(VeSde(), 1e-5);
}

TEST(ProbabilityFlow, ShowsTheStatesOnItsWay) {
  const VpSde sde;
  const Score score = three_modes().score(sde);
  const Tensor x_T = prior(sde, {4, 2});
  const FlowSamples all = probability_flow_ode(
      sde, score, x_T,
      {.denoise = false, .ode = {.rtol = 1e-7, .atol = 1e-7, .output = {1, 0.3, 1e-3}}});
  ASSERT_EQ(all.frames.size(), 3u);
  EXPECT_EQ(all.frames[0].to_host(), x_T.to_host());
  EXPECT_EQ(all.frames[2].to_host(), all.x.to_host());
  const FlowSamples part = probability_flow_ode(
      sde, score, x_T, {.eps = 0.3, .denoise = false, .ode = {.rtol = 1e-7, .atol = 1e-7}});
  for (Index i = 0; i < 8; ++i)
    EXPECT_NEAR(all.frames[1].data()[i], part.x.data()[i], 1e-5 + real_rounding);
}

TEST(ProbabilityFlow, HasTheSameBitsInAnyBatch) {
  const VpSde sde;
  const Score score = three_modes().score(sde);
  const FlowSamples all = probability_flow_ode(sde, score, prior(sde, {6, 2}));
  std::vector<Real> parts;
  for (Index n = 0; n < 6; ++n) {
    const FlowSamples one = probability_flow_ode(sde, score, prior(sde, {1, 2}, 3, n));
    const auto values = one.x.to_host();
    parts.insert(parts.end(), values.begin(), values.end());
    EXPECT_EQ(one.paths[0].t, all.paths[static_cast<std::size_t>(n)].t);
  }
  EXPECT_EQ(all.x.to_host(), parts);
}

TEST(ProbabilityFlow, GeneratesInBatches) {
  const VpSde sde;
  const Score score = three_modes().score(sde);
  FlowOptions options;
  options.ode.output = {1, 0.5};
  const auto of = [&](Index batch) {
    return generate_flow(sde, score, {2}, {.seed = 3, .first = 4, .count = 5, .batch = batch},
                         options);
  };
  const FlowSamples all = of(5), twos = of(2);
  EXPECT_EQ(all.x.to_host(), twos.x.to_host());
  ASSERT_EQ(twos.frames.size(), 2u);
  EXPECT_EQ(all.frames[1].to_host(), twos.frames[1].to_host());
  EXPECT_EQ(all.frames[0].to_host(), prior(sde, {5, 2}, 3, 4).to_host());
  EXPECT_EQ(twos.paths.size(), 5u);
  EXPECT_GT(twos.calls, all.calls);
  double last = 0;
  options.ode.progress = [&](double done) {
    EXPECT_GE(done, last);
    last = done;
    return done < 0.6;
  };
  EXPECT_FALSE(of(2).complete);
}

/// A film strip by the ODE begins with the prior's sample and ends with the sample.
TEST(ProbabilityFlow, MakesFilmStrips) {
  const VpSde sde;
  const Score score = three_modes().score(sde);
  SamplingConfig config;
  config.sampler = "ode";
  const SampleRange range = {.seed = 3, .first = 0, .count = 2, .batch = 2};
  const Tensor strip =
      reverse_frames(sde, score, {2}, config, {.seed = 3, .count = 2, .batch = 2}, 4);
  EXPECT_EQ(strip.shape(), (Shape{8, 2}));
  const Tensor x = draw_samples(sde, score, {2}, config, range).x, x_T = prior(sde, {2, 2});
  EXPECT_EQ(slice(strip, 0, 3, 4).to_host(), slice(x, 0, 0, 1).to_host());
  EXPECT_EQ(slice(strip, 0, 4, 5).to_host(), slice(x_T, 0, 1, 2).to_host());
  config.corrector = "langevin";
  test::expect_error([&] { check_sampler(sde, config); }, {"no corrector, got langevin"});
}

TEST(ProbabilityFlow, CountsItsEvaluations) {
  const VpSde sde;
  Index calls = 0;
  const Score score = counted(three_modes().score(sde), calls);
  for (const bool denoise : {false, true}) {
    calls = 0;
    const FlowSamples s =
        probability_flow_ode(sde, score, prior(sde, {6, 2}), {.denoise = denoise});
    EXPECT_EQ(s.calls, calls);
    Index most = 0;
    for (const OdePath& path : s.paths) most = std::max(most, path.evaluations);
    EXPECT_EQ(calls, most + denoise);
  }
}

TEST(ProbabilityFlow, SaysWhatWentWrong) {
  const VpSde sde;
  const Tensor x_T = prior(sde, {3, 2});
  const Score nan = [](const Tensor& x, const Times& t) {
    auto scale = per_sample(t, [](double t_n) { return t_n < 0.5 ? std::nan("") : -1.0; });
    return scale_per_sample(x, scale);
  };
  test::expect_error([&] { probability_flow_ode(sde, nan, x_T); },
                     {"sample 0", "t = 0.", "not finite"});
  const Score narrow = [](const Tensor& x, const Times&) { return slice(x, 1, 0, 1); };
  test::expect_error([&] { probability_flow_ode(sde, narrow, x_T); },
                     {"expected a score of 6 numbers, got [3, 1]"});
  test::expect_error([&] { probability_flow_ode(sde, nan, x_T, {.eps = 0}); }, {"eps = 0"});
  test::expect_error([&] { probability_flow_ode(sde, nan, x_T, {.eps = 1}); }, {"eps = 1"});
}

/// ODE and SDE share marginals: samples of the flow have the mixture's statistics.
TEST(ExactScore, ProbabilityFlowOde) {
  const VpSde sde;
  const GaussianMixture truth = three_modes();
  const Tensor x = probability_flow_ode(sde, truth.score(sde), prior(sde, {4000, 2}, 5)).x;
  EXPECT_LT(test::largest(test::mixture_z_scores(x, truth)), 4);
}

}  // namespace
}  // namespace ito
