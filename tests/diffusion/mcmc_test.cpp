// Langevin, MALA and HMC at one time against the exact density of a mixture. Statistics have fixed
// seeds and bounds of 4 standard errors unless they say otherwise.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "diffusion/samplers/generate.h"
#include "diffusion/samplers/hmc.h"
#include "diffusion/samplers/mala.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/samplers/unadjusted_langevin.h"
#include "diffusion/score.h"
#include "diffusion/sde/vp.h"
#include "tests/diffusion/stationary.h"
#include "tests/errors.h"

namespace ito {
namespace {

using test::after;
using test::chain_time;
using test::chains;
using test::chains_in_double;
using test::Stationary;
using test::three_modes;

StepRule constant_step(double e) {
  return [e](double) { return e; };
}

/// Steps so large that a good part of the proposals is rejected.
constexpr double large_step = 0.25;

TEST(Mala, KeepsItsDistribution) {
  const Stationary s;
  Acceptance exact, by_score;
  EXPECT_LT(s.worst(Mala(s.score, constant_step(large_step),
                         {.log_density = s.log_density, .acceptance = &exact}),
                    25),
            4);
  EXPECT_LT(s.worst(Mala(s.score, constant_step(large_step), {.acceptance = &by_score}), 25), 4);
  EXPECT_EQ(exact.proposed, 25 * chains);
  EXPECT_LT(exact.accepted, 0.75 * 25 * chains);
  EXPECT_GT(exact.accepted, 0.25 * 25 * chains);
  // The quadrature changes few decisions: 1 % of them at most.
  EXPECT_NEAR(static_cast<double>(by_score.accepted), static_cast<double>(exact.accepted),
              0.01 * 25 * chains);
}

TEST(Hmc, KeepsItsDistribution) {
  const Stationary s;
  Acceptance exact;
  EXPECT_LT(s.worst(Hmc(s.score, constant_step(large_step), 4,
                        {.log_density = s.log_density, .acceptance = &exact}),
                    15),
            4);
  EXPECT_LT(exact.accepted, 0.9 * 15 * chains);
  // The segment is to be short enough for the quadrature: three steps of 0.3 here.
  EXPECT_LT(s.worst(Hmc(s.score, constant_step(0.045), 3, {.quadrature = "boole"}), 15), 4);
}

/// The same steps without the test do not keep it: the tests above can fail.
TEST(UnadjustedLangevin, IsOffByItsStepSize) {
  const Stationary s;
  EXPECT_GT(s.worst(UnadjustedLangevin(s.score, constant_step(large_step)), 25), 8);
}

/// For N(0, v) the chain x' = (1 - e / v) x + sqrt(2 e) z has the variance v / (1 - e / (2 v)).
TEST(UnadjustedLangevin, HasTheKnownVarianceForAGaussian) {
  const VpSde sde;
  const auto data = GaussianMixture::diagonal({1}, {{0}}, {{0.25}});
  const double v = data.marginal(sde, chain_time).covariance()[0], e = 0.3 * v;
  const Tensor x =
      after(UnadjustedLangevin(data.score(sde), constant_step(e)), Tensor::zeros({chains, 1}), 60);
  std::vector<double> squares;
  for (const Real value : x.to_host()) squares.push_back(static_cast<double>(value * value));
  EXPECT_LT(std::abs(test::z_score(squares, v / (1 - e / (2 * v)))), 4);
  EXPECT_GT(std::abs(test::z_score(squares, v)), 5);
}

/// On the fixed grid the chain runs from N(0, I) to p_eps.
TEST(FixedGrid, SamplesOneTime) {
  const VpSde sde;
  const GaussianMixture data = three_modes();
  for (const char* name : {"mala", "hmc"}) {
    const auto corrector = make_corrector(name, sde, data.score(sde), 0.16,
                                          LangevinNorms::per_sample, {.step_size = 0.2});
    const Tensor x = generate(sde, nullptr, corrector.get(), {2},
                              {.seed = 1, .first = 0, .count = 2000, .batch = 2000},
                              {.steps = 60, .eps = 0.3, .spacing = Spacing::fixed})
                         .x;
    EXPECT_LT(test::largest(test::mixture_z_scores(x, data.marginal(sde, 0.3))), 4) << name;
  }
  const auto predictor = make_predictor("ancestral", {sde, data.score(sde)});
  test::expect_error(
      [&] {
        generate(sde, predictor.get(), nullptr, {2}, {}, {.steps = 4, .spacing = Spacing::fixed});
      },
      {"expected no predictor"});
}

/// Flows between the modes balance in pairs: of the samples that change their mode as many go each
/// way, so that the difference has the variance of their number.
TEST(Hmc, IsInDetailedBalance) {
  const Stationary s;
  const Hmc hmc(s.score, constant_step(large_step), 4, {.log_density = s.log_density});
  const Tensor end = after(hmc, s.start, 1);
  const auto mode = [](const std::vector<double>& r) {
    return std::max_element(r.begin(), r.end()) - r.begin();
  };
  const auto before = s.truth.responsibilities(s.start), now = s.truth.responsibilities(end);
  double flow[3][3] = {};
  for (std::size_t n = 0; n < before.size(); ++n) ++flow[mode(before[n])][mode(now[n])];
  for (int a = 0; a < 3; ++a)
    for (int b = 0; b < a; ++b) {
      const double both = flow[a][b] + flow[b][a];
      EXPECT_GT(both, 50);
      EXPECT_LT(std::abs(flow[a][b] - flow[b][a]), 4 * std::sqrt(both)) << a << " and " << b;
    }
}

/// MALA's acceptance by the score alone is that by the density, up to the quadrature.
TEST(Mala, ByTheScoreAloneIsThatByTheDensity) {
  const Stationary s;
  const Mala by_density(s.score, constant_step(1e-3), {.log_density = s.log_density}),
      by_score(s.score, constant_step(1e-3), {.quadrature = "boole"});
  const Proposal p = by_density.propose(s.start, s.t, random_normal(s.start.shape(), {.seed = 5}));
  const auto exact = by_density.log_ratio(p, s.t), estimate = by_score.log_ratio(p, s.t);
  double worst = 0;
  for (std::size_t n = 0; n < exact.size(); ++n)
    worst = std::max(worst, std::abs(exact[n] - estimate[n]));
  // Segments of 0.045 on average and 0.2 at most: by the last test's errors and order 1e-5.
  EXPECT_LT(worst, chains_in_double ? 1e-5 : 5e-5);
}

/// From y with the noise that leads back the proposal is x and the log ratio the negative one.
TEST(Mala, HasAReverse) {
  const Stationary s;
  const double e = 0.02;
  const Mala mala(s.score, constant_step(e));
  const Proposal there = mala.propose(s.start, s.t, random_normal(s.start.shape(), {.seed = 5}));
  const Tensor w = (s.start - there.y - there.score_y * e) * (1 / std::sqrt(2 * e));
  const Proposal back = mala.propose(there.y, s.t, w);
  const auto a = mala.log_ratio(there, s.t), b = mala.log_ratio(back, s.t);
  const double rounding = chains_in_double ? 1e-12 : 1e-4;
  for (std::size_t n = 0; n < a.size(); ++n) EXPECT_NEAR(a[n], -b[n], rounding);
  for (Index i = 0; i < s.start.elements(); ++i)
    EXPECT_NEAR(back.y.data()[i], s.start.data()[i], rounding);
}

TEST(Hmc, OfOneLeapfrogStepIsMala) {
  const Stationary s;
  const Tensor z = random_normal(s.start.shape(), {.seed = 5});
  const Mala mala(s.score, constant_step(0.03));
  const Hmc hmc(s.score, constant_step(0.03), 1);
  const Proposal a = mala.propose(s.start, s.t, z), b = hmc.propose(s.start, s.t, z);
  const double rounding = chains_in_double ? 1e-12 : 1e-4;
  for (Index i = 0; i < a.y.elements(); ++i) EXPECT_NEAR(a.y.data()[i], b.y.data()[i], rounding);
  const auto ratio_a = mala.log_ratio(a, s.t), ratio_b = hmc.log_ratio(b, s.t);
  for (std::size_t n = 0; n < ratio_a.size(); ++n) EXPECT_NEAR(ratio_a[n], ratio_b[n], rounding);
  EXPECT_THROW(Hmc(s.score, constant_step(0.03), 0), Error);
}

/// The leapfrog's Hamiltonian errs by h^2 over a fixed time: a quarter of the error for half of h.
TEST(Hmc, ConservesTheHamiltonianToOrderTwo) {
  const Stationary s;
  const Tensor z = random_normal(s.start.shape(), {.seed = 5});
  const auto error = [&](int leapfrog) {
    const double h = 0.6 / leapfrog;
    const Hmc hmc(s.score, constant_step(h * h / 2), leapfrog, {.log_density = s.log_density});
    double squares = 0;
    for (const double ratio : hmc.log_ratio(hmc.propose(s.start, s.t, z), s.t))
      squares += ratio * ratio;
    return std::sqrt(squares);
  };
  EXPECT_NEAR(std::log2(error(16) / error(32)), 2, 0.1);
}

/// Step sizes are each sample's own: they follow its time.
TEST(Mala, HasAStepSizeForEachSample) {
  const VpSde sde;
  const Score score = three_modes().score(sde);
  const auto mala = make_corrector("mala", sde, score, 0.3);
  const Tensor x = random_normal({2, 2}, {.seed = 1}), z = random_normal({2, 2}, {.seed = 2});
  const Tensor both = mala->step(x, {0.1, 0.8}, z).x;
  for (Index n = 0; n < 2; ++n) {
    const Tensor one =
        mala->step(slice(x, 0, n, n + 1), {n == 0 ? 0.1 : 0.8}, slice(z, 0, n, n + 1)).x;
    EXPECT_EQ(one.to_host(), slice(both, 0, n, n + 1).to_host());
  }
  const double e = annealed_step(sde, 0.3)(0.8);
  EXPECT_DOUBLE_EQ(e, 2 * sde.langevin_alpha(0.8) * std::pow(0.3 * sde.std(0.8), 2));
}

/// Evaluations as the headers say: MALA 2 and HMC L + 1, and the interior nodes.
TEST(Metropolis, CountsItsEvaluations) {
  const Stationary s;
  Index calls = 0;
  const Score counting = counted(s.score, calls);
  const auto of = [&](const char* name, const MetropolisOptions& options) {
    calls = 0;
    const auto corrector = make_corrector(name, s.sde, counting, 0.1, LangevinNorms::per_sample,
                                          {.leapfrog = 4, .metropolis = options});
    after(*corrector, s.start, 3);
    return calls;
  };
  EXPECT_EQ(of("ula", {}), 3);
  EXPECT_EQ(of("mala", {.log_density = s.log_density}), 3 * 2);
  EXPECT_EQ(of("mala", {.quadrature = "trapezoid"}), 3 * 2);
  EXPECT_EQ(of("mala", {}), 3 * 3);
  EXPECT_EQ(of("hmc", {.log_density = s.log_density}), 3 * 5);
  EXPECT_EQ(of("hmc", {.quadrature = "boole"}), 3 * 8);
}

}  // namespace
}  // namespace ito
