// Samplers for few evaluations against the flow of a Gaussian, known in closed form: their orders.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/mixture.h"
#include "diffusion/samplers/ancestral.h"
#include "diffusion/samplers/ddim.h"
#include "diffusion/samplers/denoised.h"
#include "diffusion/samplers/edm.h"
#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/score.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

constexpr double gaussian_mean = 0.7, gaussian_variance = 0.25, flow_start = 0.9, flow_end = 0.02;
const bool few_steps_in_double = sizeof(Real) == sizeof(double);

GaussianMixture gaussian() {
  return GaussianMixture::diagonal({1}, {{gaussian_mean}}, {{gaussian_variance}});
}

/// The flow keeps (x - m gaussian_mean) / sqrt(m^2 gaussian_variance + std^2).
double spread(const Sde& sde, double t) {
  return std::sqrt(sde.mean_scale(t) * sde.mean_scale(t) * gaussian_variance +
                   sde.std(t) * sde.std(t));
}

/// Error at flow_end of `steps` steps from flow_start, for a start two spreads out. In log_snr the
/// steps begin small and grow evenly, so that the lower order of a multistep method's first steps,
/// of length 1 / steps^2, does not show.
double flow_error(const Sde& sde, const std::string& name, int steps) {
  const auto predictor = make_predictor(name, {sde, gaussian().score(sde)});
  const auto at = [&](int k) {
    if (k == 0 || k == steps) return k == 0 ? flow_start : flow_end;
    const double l_0 = log_snr(sde, flow_start), l_1 = log_snr(sde, flow_end);
    const double u = static_cast<double>(k) / steps;
    return time_of_level(sde, std::exp(-(l_0 + (l_1 - l_0) * u * u)));
  };
  Tensor x = Tensor::full({1, 1},
                          sde.mean_scale(flow_start) * gaussian_mean + 2 * spread(sde, flow_start));
  for (int k = 0; k < steps; ++k)
    x = predictor->step(x, {at(k)}, {at(k + 1)}, Tensor::zeros({1, 1})).x;
  return (x.item() - sde.mean_scale(flow_end) * gaussian_mean) / spread(sde, flow_end) - 2;
}

struct FewStepMethod {
  const char* name;
  double order;
};

class Order : public testing::TestWithParam<FewStepMethod> {};

/// The slope of log error against log steps is the order, up to terms of the next order: within
/// 0.25 at 512 steps in double. In float rounding errors, 1e-5 after 128 steps, hide order 3 and
/// blur the others: 64 steps, within 0.4.
TEST_P(Order, IsWhatItIsSaidToBe) {
  const VpSde vp;
  const SubVpSde subvp;
  const VeSde ve(0.01, 10);
  const int steps = few_steps_in_double ? 512 : 64;
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &subvp, &ve}) {
    const double coarse = flow_error(*sde, GetParam().name, steps),
                 fine = flow_error(*sde, GetParam().name, 2 * steps);
    const double slope = std::log2(std::abs(coarse / fine));
    EXPECT_NEAR(slope, GetParam().order, few_steps_in_double ? 0.25 : 0.4)
        << sde->name() << ": errors " << coarse << " and " << fine;
  }
}

std::vector<FewStepMethod> methods() {
  std::vector<FewStepMethod> all = {{"heun", 2}, {"ddim", 1}, {"dpm_solver_2", 2}, {"edm", 2}};
  if (few_steps_in_double) all.push_back({"dpm_solver_3", 3});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Samplers, Order, testing::ValuesIn(methods()),
                         [](const auto& test) { return std::string(test.param.name); });

/// The data of a single point: x_0 is constant, DDIM and DPM-Solver++ are exact in one step.
TEST(FewSteps, AreExactForOnePoint) {
  const auto point = GaussianMixture::diagonal({1}, {{0.4}}, {{1e-12}});
  const VpSde sde;
  for (const char* name : {"ddim", "dpm_solver_2", "dpm_solver_3"}) {
    const auto predictor = make_predictor(name, {sde, point.score(sde)});
    const Tensor x = Tensor::full({1, 1}, sde.mean_scale(0.9) * 0.4 + sde.std(0.9) * 1.5);
    const double x_s = predictor->step(x, {0.9}, {0.1}, Tensor::zeros({1, 1})).x.item();
    EXPECT_NEAR(x_s, sde.mean_scale(0.1) * 0.4 + sde.std(0.1) * 1.5,
                few_steps_in_double ? 1e-9 : 1e-5);
  }
}

TEST(Ddim, WithAllNoiseFreshIsTheAncestralSampler) {
  const VpSde vp;
  const VeSde ve;
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &ve}) {
    const Score score = gaussian().score(*sde);
    const Tensor x = random_normal({4, 1}, {.seed = 1}), z = random_normal({4, 1}, {.seed = 2});
    const Times t(4, 0.5), s(4, 0.3);
    const Update a = Ddim(*sde, score, 1).step(x, t, s, z),
                 b = Ancestral(*sde, score).step(x, t, s, z);
    for (Index i = 0; i < 4; ++i)
      EXPECT_NEAR(a.x.data()[i], b.x.data()[i], few_steps_in_double ? 1e-12 : 1e-5) << sde->name();
  }
  test::expect_error([&] { Ddim(vp, {}, 1.5); }, {"eta from 0 to 1, got 1.5"});
}

/// Churning raises the noise level and comes down from there: the marginals stay. A linear map of
/// two Gaussian inputs, start and noise, whose variances are added up.
TEST(Edm, KeepsTheMarginalWhenItChurns) {
  const VpSde sde;
  const auto data = GaussianMixture::diagonal({1}, {{0}}, {{gaussian_variance}});
  const Edm edm(sde, data.score(sde), {.churn = 0.2});
  const double t = 0.5, s = 0.498;  // a step so small that Heun's error does not matter
  const Tensor start({2, 1}, {static_cast<Real>(spread(sde, t)), 0}), z({2, 1}, {0, 1});
  const std::vector<Real> out = edm.step(start, {t, t}, {s, s}, z).x.to_host();
  const double variance = static_cast<double>(out[0] * out[0] + out[1] * out[1]);
  EXPECT_NEAR(variance / (spread(sde, s) * spread(sde, s)), 1, 0.01);
  EXPECT_GT(std::abs(out[1]), 0.1);  // the fresh noise is there
  test::expect_error([&] { Edm(sde, {}, {.churn = 0.5}); }, {"sqrt(2) - 1, got 0.5"});
}

TEST(NoiseLevel, HasItsTime) {
  const VpSde vp;
  const VeSde ve;
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &ve}) {
    for (const double t : {1e-3, 0.1, 0.5, 0.999, 1.0})
      EXPECT_NEAR(time_of_level(*sde, noise_level(*sde, t)), t, 1e-12);
    EXPECT_EQ(time_of_level(*sde, 1e9), 1);
  }
}

/// Evaluations are counted: two a step for Heun and EDM, one for the others, one to the data.
TEST(FewSteps, CountTheirEvaluations) {
  const VpSde sde;
  for (const auto& [name, expected] : std::initializer_list<std::pair<const char*, Index>>{
           {"heun", 13}, {"edm", 13}, {"ddim", 7}, {"dpm_solver_2", 7}, {"dpm_solver_3", 7}}) {
    Index calls = 0;
    const auto predictor =
        make_predictor(name, {sde, counted(test::three_modes().score(sde), calls)});
    PredictorCorrectorOptions options;
    options.steps = 7;
    predictor_corrector(sde, predictor.get(), nullptr, random_noise({2, 2}, 1), options);
    EXPECT_EQ(calls, expected) << name;
  }
}

TEST(TimeGrid, CanBeSpacedByNoise) {
  const VpSde sde;
  for (const Spacing spacing : {Spacing::log_snr, Spacing::karras}) {
    const Times grid = time_grid(sde, 6, 1e-3, spacing);
    EXPECT_EQ(grid.front(), 1);
    EXPECT_EQ(grid.back(), 1e-3);
    const auto value = [&](std::size_t k) {  // what is spaced evenly
      const double level = noise_level(sde, grid[k]);
      return spacing == Spacing::karras ? std::pow(level, 1.0 / 7) : std::log(level);
    };
    const double step = (value(5) - value(0)) / 5;
    for (std::size_t k = 1; k < 5; ++k)
      EXPECT_NEAR(value(k) - value(0), step * static_cast<double>(k), 1e-8);
    EXPECT_EQ(time_grid(sde, 1, 1e-3, spacing), Times{1});
  }
  test::expect_error([] { spacing_named("cosine"); },
                     {"time, log_snr, karras or fixed, got cosine"});
}

/// A second chain on the same solver starts afresh.
TEST(DpmSolver, ForgetsTheLastChain) {
  const VpSde sde;
  const auto predictor = make_predictor("dpm_solver_3", {sde, test::three_modes().score(sde)});
  PredictorCorrectorOptions options;
  options.steps = 6;
  const auto chain = [&] {
    return predictor_corrector(sde, predictor.get(), nullptr, random_noise({3, 2}, 1), options)
        .x.to_host();
  };
  const auto first = chain();
  EXPECT_EQ(first, chain());
}

}  // namespace
}  // namespace ito
