// Schedules, and SDEs given by functions whose marginals are integrated numerically.

#include "diffusion/sde/linear_sde.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "diffusion/training/sde_config.h"
#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

/// The same SDE, of which only f, g and the noise at 0 are known.
LinearSde by_functions(const Sde& sde, int panels = 256) {
  return LinearSde([&sde](double t) { return sde.drift(t); },
                   [&sde](double t) { return sde.diffusion(t); },
                   {.std_0 = sde.std(0), .panels = panels, .N = sde.N()});
}

// 256 panels of order 6: VE, whose variance grows by exp(17), has (17/256)^6 / 2,016,000 = 4e-14 a
// unit; the rest is rounding of some hundred terms.
constexpr double quadrature_tolerance = 1e-12;

TEST(LinearSde, HasTheMarginalsOfTheClosedForms) {
  for (const auto& sde : std::initializer_list<std::shared_ptr<Sde>>{
           std::make_shared<VpSde>(), std::make_shared<SubVpSde>(), std::make_shared<VeSde>()}) {
    const LinearSde numeric = by_functions(*sde);
    for (double t : {1e-5, 1e-3, 0.0101, 0.1, 0.5, 0.7712, 0.999, 1.0}) {
      EXPECT_NEAR(numeric.mean_scale(t) / sde->mean_scale(t), 1, quadrature_tolerance)
          << sde->name() << " at " << t;
      EXPECT_NEAR(numeric.std(t) / sde->std(t), 1, quadrature_tolerance)
          << sde->name() << " at " << t;
    }
    EXPECT_DOUBLE_EQ(numeric.std(0), sde->std(0));
    EXPECT_NEAR(numeric.prior_std() / sde->prior_std(), 1, 5e-5) << sde->name();  // exp(-10.05)
    const Transition exact = sde->transition(0.2, 0.3), step = numeric.transition(0.2, 0.3);
    EXPECT_NEAR(step.scale, exact.scale, 1e-11);
    EXPECT_NEAR(step.noise / exact.noise, 1, 1e-11);
  }
}

/// Of VE, whose variance grows by exp(17), from 8 to 64 panels: each halving divides the error by
/// 2^6, up to terms of higher order, which leave some hundredths of the slope.
TEST(LinearSde, QuadratureIsOfOrderSix) {
  const VeSde sde;
  std::vector<double> errors;
  for (int panels : {8, 16, 32, 64})
    errors.push_back(std::abs(by_functions(sde, panels).std(1) / sde.std(1) - 1));
  for (std::size_t i = 1; i < errors.size(); ++i)
    EXPECT_NEAR(std::log2(errors[i - 1] / errors[i]), 6, 0.25) << i;
}

/// A schedule that has no closed form here: an Ornstein-Uhlenbeck process that heats up.
TEST(LinearSde, SolvesWhatIsNotPublished) {
  const LinearSde sde([](double) { return -2.0; }, [](double t) { return std::exp(t); });
  // variance(t) = integral of e^{2s} e^{-4 (t - s)} ds = (e^{2t} - e^{-4t}) / 6
  for (double t : {0.1, 0.5, 1.0}) {
    EXPECT_NEAR(sde.mean_scale(t), std::exp(-2 * t), 1e-14);
    EXPECT_NEAR(std::pow(sde.std(t), 2), (std::exp(2 * t) - std::exp(-4 * t)) / 6, 1e-14);
  }
  EXPECT_DOUBLE_EQ(sde.parametrise(0.5, Labels::continuous).output_scale, -1 / sde.std(0.5));
}

TEST(LinearSde, SaysWhatIsWrong) {
  const auto zero = [](double) { return 0.0; };
  test::expect_error(
      [&] { LinearSde(zero, [](double t) { return 1 / (t - 0.5); }, {.panels = 1}); },
      {"not finite", "t = 0"});
  test::expect_error([&] { LinearSde(zero, zero).std(1.5); }, {"[0, 1]", "1.5"});
  test::expect_error([&] { LinearSde(zero, zero).parametrise(0.5, Labels::discrete); },
                     {"continuous labels"});
  EXPECT_THROW(LinearSde(zero, zero, {.panels = 0}), Error);
  EXPECT_THROW(LinearSde(zero, zero, {.std_0 = -1}), Error);
}

TEST(CosineBeta, IsTheCosineUntilItIsCut) {
  const CosineBeta beta;
  const double pi = std::acos(-1.0), s = 0.008;
  const auto angle = [&](double t) { return pi / 2 * (t + s) / (1 + s); };
  for (double t : {1e-4, 0.1, 0.5, 0.99}) {
    EXPECT_NEAR(std::exp(beta.log_mean_scale(t)), std::cos(angle(t)) / std::cos(angle(0)), 1e-14);
  }
  EXPECT_EQ(beta(1), 999);
  EXPECT_LT(beta(0.997), 999);
  EXPECT_EQ(beta.log_mean_scale(0), 0);
}

/// beta is minus twice the slope of log_mean_scale, on both sides of the cut (near t = 0.998).
TEST(CosineBeta, IsTheSlopeOfItsIntegral) {
  const CosineBeta beta;
  for (double t : {0.01, 0.3, 0.9, 0.99, 0.999}) {
    const double h = 1e-6;
    const double slope = (beta.log_mean_scale(t + h) - beta.log_mean_scale(t - h)) / (2 * h);
    EXPECT_NEAR(-2 * slope / beta(t), 1, 1e-6) << t;
  }
}

/// Nichol and Dhariwal 2021, equation 17: products of 1 - beta_i are the squared cosine.
TEST(CosineBeta, StepsMultiplyToTheCosine) {
  const double pi = std::acos(-1.0), s = 0.008;
  const auto squared = [&](double t) { return std::pow(std::cos(pi / 2 * (t + s) / (1 + s)), 2); };
  const VpSde sde(CosineBeta{}, 1000);
  for (std::size_t i : {0U, 99U, 499U, 990U})
    EXPECT_NEAR(sde.alphas_cumprod()[i] / (squared(static_cast<double>(i + 1) / 1000) / squared(0)),
                1, 1e-10);
  EXPECT_EQ(sde.betas().back(), 0.999);
}

TEST(CosineBeta, MakesVpAndSubVpConsistent) {
  const VpSde vp{CosineBeta{}};
  const SubVpSde subvp{CosineBeta{}};
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &subvp})
    for (double t : {0.05, 0.5, 0.95}) {
      const LinearSde numeric = by_functions(*sde);
      EXPECT_NEAR(numeric.mean_scale(t) / sde->mean_scale(t), 1, 1e-9);
      EXPECT_NEAR(numeric.std(t) / sde->std(t), 1, 1e-9);
    }
  EXPECT_LT(vp.mean_scale(1), 2e-3);  // next to nothing is left of the data
}

TEST(CosineBeta, IsChosenInAConfiguration) {
  const SdeConfig config = sde_from_json({{"type", "vp"}, {"schedule", "cosine"}});
  EXPECT_DOUBLE_EQ(make_sde(config)->mean_scale(0.5), VpSde(CosineBeta{}).mean_scale(0.5));
  EXPECT_EQ(sde_from_json(sde_to_json(config)).schedule, SdeConfig::Schedule::cosine);
  EXPECT_FALSE(sde_to_json(SdeConfig{}).contains("schedule"));
  EXPECT_THROW(sde_from_json({{"type", "vp"}, {"schedule", "cosine"}, {"beta_min", 1}}), Error);
  EXPECT_THROW(sde_from_json({{"type", "ve"}, {"schedule", "cosine"}}), Error);
  EXPECT_THROW(VpSde(CosineBeta{.s = 0}), Error);
}

}  // namespace
}  // namespace ito
