// Strong order of convergence on shared Brownian paths: coarse steps sum the increments of the fine
// ones, and with them the integral of the path over the step. The noise of the reverse SDE is
// additive, so Euler-Maruyama has order 1 and SRA1 1.5.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "diffusion/mixture.h"
#include "diffusion/samplers/euler_maruyama.h"
#include "diffusion/samplers/sra1.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"

namespace ito {
namespace {

constexpr double path_start = 0.6, path_end = 0.1;
constexpr std::size_t paths = 1000, groups = 20;
constexpr int finest = 1024;

/// W over one step of each path: its increment and the integral of W less its value at the start.
struct Increments {
  std::vector<double> dW, I;
};
using BrownianPath = std::vector<Increments>;  ///< one entry a step

BrownianPath fine_path() {
  const double h = (path_start - path_end) / finest;
  BrownianPath path;
  for (std::uint32_t k = 0; k < finest; ++k) {
    const auto of = [&](std::uint32_t sub) {
      return random_normal({static_cast<Index>(paths)},
                           {.seed = 11, .purpose = Purpose::predictor, .step = k, .sub = sub})
          .to_host();
    };
    const auto z = of(0), zeta = of(1);
    Increments step;
    for (std::size_t n = 0; n < paths; ++n) {
      step.dW.push_back(std::sqrt(h) * static_cast<double>(z[n]));
      step.I.push_back(
          h * std::sqrt(h) / 2 *
          (static_cast<double>(z[n]) + static_cast<double>(zeta[n]) / std::numbers::sqrt3));
    }
    path.push_back(step);
  }
  return path;
}

/// The same path in steps twice as long: I = I_1 + I_2 + h dW_1.
BrownianPath coarser(const BrownianPath& fine) {
  const double h = (path_start - path_end) / static_cast<double>(fine.size());
  BrownianPath path;
  for (std::size_t k = 0; k < fine.size(); k += 2) {
    Increments step = fine[k];
    for (std::size_t n = 0; n < paths; ++n) {
      step.I[n] += fine[k + 1].I[n] + h * fine[k].dW[n];
      step.dW[n] += fine[k + 1].dW[n];
    }
    path.push_back(step);
  }
  return path;
}

Tensor column(const std::vector<double>& values) {
  return Tensor({static_cast<Index>(paths), 1}, std::vector<Real>(values.begin(), values.end()));
}

/// The end of each path by a method of one or two draws.
std::vector<Real> travel(const Predictor& method, const BrownianPath& path, const Tensor& x_T) {
  const double h = (path_start - path_end) / static_cast<double>(path.size());
  Tensor x = x_T;
  for (std::size_t k = 0; k < path.size(); ++k) {
    std::vector<double> z, zeta;
    for (std::size_t n = 0; n < paths; ++n) {
      z.push_back(path[k].dW[n] / std::sqrt(h));
      zeta.push_back(std::numbers::sqrt3 * (2 * path[k].I[n] / (h * std::sqrt(h)) - z[n]));
    }
    const Times t(paths, path_start - h * static_cast<double>(k)), s(paths, t[0] - h);
    x = method.advance(x, t, s, [&](std::uint32_t draw) { return column(draw == 0 ? z : zeta); }).x;
  }
  return x.to_host();
}

/// Least squares slope of y over x.
double slope_of(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  double above = 0, below = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    above += (x[i] - mean_x) * y[i];
    below += (x[i] - mean_x) * (x[i] - mean_x);
  }
  return above / below;
}

struct Slope {
  double mean, half_width;  ///< of the 95 % confidence interval
};

/// The mean of the groups' slopes and its interval (Student's t with 19 degrees of freedom: 2.09).
Slope with_interval(const std::vector<double>& slopes) {
  double mean = 0, squares = 0;
  for (const double s : slopes) mean += s / groups;
  for (const double s : slopes) squares += (s - mean) * (s - mean) / (groups - 1);
  return {mean, 2.09 * std::sqrt(squares / groups)};
}

/// The slope of log2 of the root mean square error against log2 of the step, from 32 to 256 steps.
Slope strong_order(const Predictor& method, const std::vector<BrownianPath>& levels,
                   const std::vector<Real>& truth, const Tensor& x_T) {
  std::vector<double> log_step, slopes;
  std::vector<std::vector<double>> log_error(groups);
  for (const BrownianPath& path : levels) {
    const std::vector<Real> x = travel(method, path, x_T);
    log_step.push_back(-std::log2(static_cast<double>(path.size())));
    for (std::size_t g = 0; g < groups; ++g) {
      double squares = 0;
      for (std::size_t n = g; n < paths; n += groups)
        squares += std::pow(static_cast<double>(x[n]) - static_cast<double>(truth[n]), 2);
      log_error[g].push_back(std::log2(squares) / 2);
    }
  }
  for (const auto& errors : log_error) slopes.push_back(slope_of(log_step, errors));
  return with_interval(slopes);
}

/// The intervals are a few hundredths wide; terms of the next order bend the line by as much again.
constexpr double bend = 0.1;

void expect_order(double order, const Slope& slope, const std::string& name) {
  EXPECT_NEAR(slope.mean, order, bend + slope.half_width) << name;
  EXPECT_LT(slope.half_width, bend) << name;
  testing::Test::RecordProperty(name, text(slope.mean, " +- ", slope.half_width));
}

TEST(StrongOrder, OfEulerMaruyamaIsOneAndOfSra1OneAndAHalf) {
  const VpSde vp;
  const SubVpSde subvp;
  const VeSde ve(0.01, 10);
  const auto data = GaussianMixture::diagonal({0.6, 0.4}, {{0.8}, {-0.9}}, {{0.2}, {0.2}});
  const BrownianPath fine = fine_path();
  std::vector<BrownianPath> levels = {coarser(coarser(fine))};
  while (levels.back().size() > 32) levels.push_back(coarser(levels.back()));
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &subvp, &ve}) {
    const auto count = static_cast<Index>(paths);
    const Tensor x_T = data.marginal(*sde, path_start).sample(count, {.seed = 2});
    const Sra1 sra1({*sde, data.score(*sde)});
    const EulerMaruyama euler({*sde, data.score(*sde)});
    const std::vector<Real> truth = travel(sra1, fine, x_T);
    expect_order(1, strong_order(euler, levels, truth, x_T), sde->name() + "_euler_maruyama");
    expect_order(1.5, strong_order(sra1, levels, truth, x_T), sde->name() + "_sra1");
  }
}

/// The conditions for strong order 1.5 with additive noise (Roessler 2010, theorem 6.1), exactly.
TEST(Sra1, MeetsTheOrderConditions) {
  constexpr Sra1Table c;
  EXPECT_DOUBLE_EQ(c.alpha[0] + c.alpha[1], 1);
  EXPECT_DOUBLE_EQ(c.beta1[0] + c.beta1[1], 1);
  EXPECT_DOUBLE_EQ(c.beta2[0] + c.beta2[1], 0);
  EXPECT_DOUBLE_EQ(c.alpha[1] * c.B_21, 1);
  EXPECT_DOUBLE_EQ(c.alpha[1] * c.A_21, 1.0 / 2);
  EXPECT_DOUBLE_EQ(c.alpha[1] * c.B_21 * c.B_21, 3.0 / 2);
  EXPECT_DOUBLE_EQ(c.beta1[0] * c.c1[0] + c.beta1[1] * c.c1[1], 1);
  EXPECT_DOUBLE_EQ(c.beta2[0] * c.c1[0] + c.beta2[1] * c.c1[1], -1);
  EXPECT_DOUBLE_EQ(c.c0[1], c.A_21);
}

/// Without the second draw U is its mean given the increment: half of it.
TEST(Sra1, KnowsTheMeanOfTheDoubleIntegral) {
  const VeSde sde;
  const Sra1 sra1({sde, [](const Tensor& x, const Times&) { return x * 0.0; }});
  const Tensor zero = Tensor::zeros({1, 1}), one = Tensor::full({1, 1}, 1);
  const double g_t = sde.diffusion(0.5), g_s = sde.diffusion(0.4);
  const double x = sra1.step(zero, {0.5}, {0.4}, one).x.item();
  EXPECT_NEAR(x, std::sqrt(0.1) * (g_s + (g_t - g_s) / 2), 1e-6 * g_t);
}

}  // namespace
}  // namespace ito
