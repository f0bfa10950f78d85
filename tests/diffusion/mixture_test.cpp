// Gaussian mixtures: the tests' own truth is held against quadrature, finite differences of the log
// density and sampling.

#include <gtest/gtest.h>

#include <numbers>

#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "engine/autograd.h"
#include "tests/diffusion/statistics.h"

namespace ito {
namespace {

using test::largest;
using test::three_modes;

/// Seeded points in the plane, spread like a standard normal.
Tensor points(Index N, std::uint32_t sub = 7) {
  return random_normal({N, 2}, {11, Purpose::noise, 0, sub, 0});
}

Tensor plus(const Tensor& x, int axis, double h) {
  std::vector<Real> values = x.to_host();
  for (auto i = static_cast<std::size_t>(axis); i < values.size(); i += 2)
    values[i] = static_cast<Real>(values[i] + h);
  return Tensor(x.shape(), values);
}

TEST(Mixture, DensityIntegratesToOne) {
  GaussianMixture mixture = three_modes();
  double total = 0, h = 0.02;  // the trapezoidal rule converges exponentially here
  for (double a = -4; a < 4; a += h) {
    std::vector<Real> row;
    for (double b = -4; b < 4; b += h) {
      row.push_back(static_cast<Real>(a));
      row.push_back(static_cast<Real>(b));
    }
    Tensor x({static_cast<Index>(row.size() / 2), 2}, row);
    for (double log_p : mixture.log_density(x)) total += std::exp(log_p) * h * h;
  }
  EXPECT_NEAR(total, 1, 1e-6);  // grid points are rounded to Real
}

TEST(Mixture, DiagonalAndFullAgree) {
  std::vector<std::vector<double>> means{{1, 0}, {-1, 2}};
  auto diagonal = GaussianMixture::diagonal({1, 3}, means, {{0.3, 0.5}, {1.0, 0.2}});
  auto full = GaussianMixture::full({1, 3}, means, {{0.3, 0, 0, 0.5}, {1.0, 0, 0, 0.2}});
  Tensor x = points(50);
  auto a = diagonal.log_density(x), b = full.log_density(x);
  for (std::size_t n = 0; n < a.size(); ++n) EXPECT_NEAR(a[n], b[n], 1e-12);
  EXPECT_NEAR(diagonal.components()[1].weight, 0.75, 1e-15);
}

TEST(Mixture, SamplesHaveTheRightMoments) {
  GaussianMixture mixture = three_modes();
  Tensor x = mixture.sample(20000, {3, Purpose::noise, 0, 0, 0});
  EXPECT_LT(largest(test::mixture_z_scores(x, mixture)), 4);  // 8 statistics: 5e-4 by chance
}

TEST(Mixture, MarginalIsThatOfThePerturbedData) {
  GaussianMixture mixture = three_modes();
  VpSde sde;
  for (double t : {0.05, 0.3}) {
    Tensor x_0 = mixture.sample(20000, {3, Purpose::noise, 0, 0, 0});
    Tensor z = random_normal({20000, 2}, {3, Purpose::noise, 0, 2, 0});
    Tensor x = sde.perturb(x_0, Times(20000, t), z);
    EXPECT_LT(largest(test::mixture_z_scores(x, mixture.marginal(sde, t))), 4) << t;
  }
}

class MixtureScore : public testing::TestWithParam<std::shared_ptr<Sde>> {};

/// d log p / dx[axis] by central differences of order 4, in double. x and h are multiples of a
/// power of two, so that the shifted points are exact in Real; the truncation error, h^4/30 times a
/// fifth derivative of at most 1e8, is below 1e-5 between the modes and far below elsewhere.
std::vector<double> log_density_slope(const GaussianMixture& p, const Tensor& x, int axis,
                                      double h) {
  auto near_above = p.log_density(plus(x, axis, h)), near_below = p.log_density(plus(x, axis, -h));
  auto above = p.log_density(plus(x, axis, 2 * h)), below = p.log_density(plus(x, axis, -2 * h));
  std::vector<double> slope;
  for (std::size_t n = 0; n < above.size(); ++n)
    slope.push_back((8 * (near_above[n] - near_below[n]) - (above[n] - below[n])) / (12 * h));
  return slope;
}

/// The score is computed by other code, in Real: in float the logits of the posterior, up to some
/// hundreds, are known to 1e-5, times differences between the modes' scores of up to 40.
constexpr double score_tolerance = sizeof(Real) == 4 ? 4e-4 : 1e-5;

TEST_P(MixtureScore, IsTheGradientOfTheLogDensity) {
  const Sde& sde = *GetParam();
  GaussianMixture mixture = three_modes();
  Score score = mixture.score(sde);
  for (double t : {1e-3, 0.1, 0.5, 1.0}) {
    GaussianMixture p_t = mixture.marginal(sde, t);
    double scale = std::exp2(std::round(std::log2(std::max(1.0, sde.std(t)))));
    double h = scale / 1024;
    std::vector<Real> values = points(40).to_host();
    for (Real& v : values) v = static_cast<Real>(std::round(v * 4096) / 4096 * scale);
    Tensor x({40, 2}, values);
    test::Rows s = test::rows(score(x, Times(40, t)));
    for (int axis : {0, 1}) {
      std::vector<double> expected = log_density_slope(p_t, x, axis, h);
      for (std::size_t n = 0; n < s.size(); ++n)
        EXPECT_NEAR(s[n][static_cast<std::size_t>(axis)], expected[n],
                    score_tolerance * std::max(1.0, std::abs(expected[n])))
            << "t = " << t << ", sample " << n;
    }
  }
}

TEST_P(MixtureScore, TakesATimeForEachSampleAndAnyShape) {
  const Sde& sde = *GetParam();
  Score score = three_modes().score(sde);
  Tensor x = points(3);
  Tensor together = score(reshape(x, {3, 1, 2, 1}), {0.1, 0.5, 0.9});
  EXPECT_EQ(together.shape(), (Shape{3, 1, 2, 1}));
  std::vector<double> times{0.1, 0.5, 0.9};
  for (Index n = 0; n < 3; ++n) {
    Tensor alone = score(slice(x, 0, n, n + 1), {times[static_cast<std::size_t>(n)]});
    EXPECT_EQ(alone.data()[0], together.data()[2 * n]);
    EXPECT_EQ(alone.data()[1], together.data()[2 * n + 1]);
  }
}

/// A score is a gradient: its Jacobian, by autograd, is symmetric.
TEST_P(MixtureScore, DifferentiatesToASymmetricMatrix) {
  const Sde& sde = *GetParam();
  Tensor x = points(20).clone();
  x.require_grad();
  Tensor s = three_modes().score(sde)(x, Times(20, 0.2));
  Tensor gradient_0 =
      grad({s}, {x}, {Tensor({1, 2}, {1, 0}) + Tensor::zeros({20, 2})}, {.retain_graph = true})[0];
  Tensor gradient_1 = grad({s}, {x}, {Tensor({1, 2}, {0, 1}) + Tensor::zeros({20, 2})})[0];
  for (Index n = 0; n < 20; ++n) {
    double a = gradient_0.data()[2 * n + 1], b = gradient_1.data()[2 * n];
    EXPECT_NEAR(a, b, 1e-4 * std::max(1.0, std::abs(a)));
  }
}

INSTANTIATE_TEST_SUITE_P(All, MixtureScore,
                         testing::Values(std::make_shared<VpSde>(), std::make_shared<SubVpSde>(),
                                         std::make_shared<VeSde>()),
                         [](const auto& test) { return test.param->name(); });

TEST(Mixture, RefusesWhatIsNoMixture) {
  EXPECT_THROW(GaussianMixture({}), Error);
  EXPECT_THROW(GaussianMixture::diagonal({1}, {{0, 0}}, {{1, -1}}), Error);
  EXPECT_THROW(GaussianMixture::diagonal({1, 1}, {{0, 0}, {1}}, {{1, 1}, {1}}), Error);
  EXPECT_THROW(GaussianMixture::diagonal({0}, {{0, 0}}, {{1, 1}}), Error);
  EXPECT_THROW(GaussianMixture::full({1}, {{0, 0}}, {{1, 2, 2, 1}}), Error);  // indefinite
  EXPECT_THROW(three_modes().log_density(Tensor::zeros({4, 3})), Error);
}

}  // namespace
}  // namespace ito
