// The SDEs against their own definition: what f and g imply is integrated numerically and compared
// with the closed forms.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"

namespace ito {
namespace {

struct MarginalMoments {
  double mean, variance;
};

/// Integrates dm/dt = f m, dv/dt = 2 f v + g^2 by the classical Runge-Kutta method.
MarginalMoments integrate(const Sde& sde, MarginalMoments y, double s, double t, int steps) {
  auto slope = [&](double time, MarginalMoments now) {
    double f = sde.drift(time), g = sde.diffusion(time);
    return MarginalMoments{f * now.mean, 2 * f * now.variance + g * g};
  };
  auto along = [](MarginalMoments from, double h, MarginalMoments k) {
    return MarginalMoments{from.mean + h * k.mean, from.variance + h * k.variance};
  };
  double h = (t - s) / steps;
  for (int i = 0; i < steps; ++i) {
    double time = s + i * h;
    MarginalMoments k1 = slope(time, y), k2 = slope(time + h / 2, along(y, h / 2, k1));
    MarginalMoments k3 = slope(time + h / 2, along(y, h / 2, k2)),
                    k4 = slope(time + h, along(y, h, k3));
    for (auto [k, weight] : {std::pair{k1, 1.0}, {k2, 2.0}, {k3, 2.0}, {k4, 1.0}})
      y = along(y, h * weight / 6, k);
  }
  return y;
}

class EverySde : public testing::TestWithParam<std::shared_ptr<Sde>> {
 protected:
  const Sde& sde = *GetParam();
};

// 2000 steps of order 4 over ranges of at most 1 with rates up to 20: errors near 1e-11; the bound
// leaves room for the exponential growth of VE.
constexpr double integration_tolerance = 1e-8;

TEST_P(EverySde, MarginalSolvesTheMomentEquations) {
  double v_0 = sde.std(0) * sde.std(0);
  for (double t : {0.01, 0.1, 0.5, 1.0}) {
    MarginalMoments y = integrate(sde, {1, v_0}, 0, t, 2000);
    EXPECT_NEAR(sde.mean_scale(t) / y.mean, 1, integration_tolerance) << t;
    EXPECT_NEAR(sde.std(t) * sde.std(t) / y.variance, 1, integration_tolerance) << t;
  }
}

TEST_P(EverySde, TransitionSolvesTheMomentEquations) {
  for (auto [s, t] : {std::pair{0.1, 0.2}, {0.3, 0.9}, {0.999, 1.0}}) {
    MarginalMoments y = integrate(sde, {1, 0}, s, t, 2000);
    Transition step = sde.transition(s, t);
    EXPECT_NEAR(step.scale / y.mean, 1, integration_tolerance);
    EXPECT_NEAR(step.noise * step.noise / y.variance, 1, integration_tolerance);
  }
}

TEST_P(EverySde, TransitionFromTheDataIsTheMarginal) {
  Transition step = sde.transition(0, 0.4);
  EXPECT_DOUBLE_EQ(step.scale, sde.mean_scale(0.4));
  EXPECT_DOUBLE_EQ(step.noise, sde.std(0.4));
}

TEST_P(EverySde, DiscreteStepsApproachTheContinuousOnes) {
  // N = 1000: the discrete step at t and the exact transition of length 1/N differ by O(1/N),
  // relatively; the table is indexed by truncation, another 1/N with logarithmic slope up to 17.
  for (double t : {0.2, 0.6, 1.0}) {
    Transition discrete = sde.discretise(t), exact = sde.transition(t - 1.0 / sde.N(), t);
    EXPECT_NEAR((discrete.scale - 1), (exact.scale - 1), 0.02 * (1 - exact.scale) + 1e-12);
    EXPECT_NEAR(discrete.noise / exact.noise, 1, 0.02);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EverySde,
                         testing::Values(std::make_shared<VpSde>(), std::make_shared<SubVpSde>(),
                                         std::make_shared<VeSde>()),
                         [](const auto& test) { return test.param->name(); });

/// A time in the middle of index i's range, out of the reach of rounding.
double time_of(const Sde& sde, int i) { return std::min(1.0, (i + 0.5) / (sde.N() - 1)); }

TEST(DiscreteForm, StepsOfVpMultiplyToTheTables) {
  VpSde sde({0.1, 20}, 500);
  double scale = 1, variance = 0;
  for (int i = 0; i < sde.N(); ++i) {
    Transition step = sde.discretise(time_of(sde, i));
    scale *= step.scale;
    variance = step.scale * step.scale * variance + step.noise * step.noise;
    auto k = static_cast<std::size_t>(i);
    EXPECT_NEAR(sde.alphas_cumprod()[k] / (scale * scale), 1, 1e-12);
    EXPECT_NEAR(sde.discrete_stds()[k] / std::sqrt(variance), 1, 1e-12);
  }
}

TEST(DiscreteForm, StepsOfVeAddUpToTheLevels) {
  VeSde sde(0.01, 50, 200);
  double variance = 0;
  for (int i = 0; i < sde.N(); ++i) {
    double noise = sde.discretise(time_of(sde, i)).noise;
    // The variance of x_{i-1} given x_i and x_0: product of the variances over their sum.
    double posterior = noise * noise * variance / (noise * noise + variance);
    variance += noise * noise;
    EXPECT_NEAR(sde.sigmas()[static_cast<std::size_t>(i)] / std::sqrt(variance), 1, 1e-12);
    EXPECT_NEAR(sde.ancestral_noise(time_of(sde, i)), std::sqrt(posterior), 1e-12);
  }
}

TEST(Parametrisations, FollowThePublishedLabels) {
  VpSde vp({0.1, 20}, 100);
  EXPECT_DOUBLE_EQ(vp.parametrise(0.5, Labels::continuous).label, 499.5);
  EXPECT_DOUBLE_EQ(vp.parametrise(0.5, Labels::continuous).output_scale, -1 / vp.std(0.5));
  EXPECT_DOUBLE_EQ(vp.parametrise(0.507, Labels::discrete).label, 0.507 * 99);
  EXPECT_DOUBLE_EQ(vp.parametrise(0.507, Labels::discrete).output_scale,
                   -1 / vp.discrete_stds()[50]);
  VeSde ve(0.01, 50, 11);
  EXPECT_DOUBLE_EQ(ve.parametrise(0.3, Labels::continuous).label, ve.std(0.3));
  EXPECT_DOUBLE_EQ(ve.parametrise(0.75, Labels::discrete).label, 2);  // 2.5 to even
  EXPECT_DOUBLE_EQ(ve.parametrise(0.3, Labels::discrete).label, 7);
  EXPECT_DOUBLE_EQ(ve.parametrise(0.3, Labels::discrete).output_scale, 1);
}

TEST(LangevinAlpha, IsOneLessBeta) {
  VpSde vp({0.1, 20}, 1000);
  EXPECT_DOUBLE_EQ(vp.langevin_alpha(1), 1 - vp.betas().back());
  EXPECT_DOUBLE_EQ(VeSde().langevin_alpha(0.5), 1);
  EXPECT_NEAR(SubVpSde().langevin_alpha(0.5), vp.langevin_alpha(0.5), 2e-5);  // 1/N index width
}

TEST(SdeErrors, SayWhatIsWrong) {
  EXPECT_THROW(VpSde({0.1, 20}, 20), Error);
  EXPECT_THROW(VpSde({-1, 20}, 100), Error);
  EXPECT_THROW(SubVpSde({2, 1}), Error);
  EXPECT_THROW(VeSde(1, 0.5), Error);
  EXPECT_THROW(VeSde(0.01, 50, 0), Error);
  EXPECT_THROW(SubVpSde().parametrise(0.5, Labels::discrete), Error);
  EXPECT_THROW(SubVpSde().ancestral_noise(0.5), Error);
  EXPECT_THROW(scale_per_sample(Tensor::zeros({3, 2}), {1, 2}), Error);
}

}  // namespace
}  // namespace ito
