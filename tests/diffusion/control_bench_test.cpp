// The rulers of the posterior bench, against closed forms.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/control/posterior_bench.h"
#include "tests/errors.h"

namespace ito {
namespace {

GaussianMixture standard_normal(std::size_t D) {
  return GaussianMixture::diagonal({1}, {std::vector<double>(D, 0)}, {std::vector<double>(D, 1)});
}

/// A set and the same set moved by d: in one dimension the distance is (d u)^2, whose mean over
/// directions u is |d|^2 / D; 64 directions in 2 dimensions give it to 4 sqrt(1/2 / 64) = 35 % of
/// itself.
TEST(SlicedWasserstein, OfAShift) {
  const Tensor x = random_normal({300, 2}, {1}), d({1, 2}, {1.5, -2});
  EXPECT_NEAR(std::pow(sliced_wasserstein(x, x + d, 1), 2), 6.25 / 2, 0.35 * 6.25 / 2);
  EXPECT_EQ(sliced_wasserstein(x, x, 1), 0);
}

/// Scaled by 2 about 0: the distance in each direction is that from u x to 2 u x, the root mean
/// square of u x, which is 1 for N(0, I). 300 numbers give it to 4 %.
TEST(SlicedWasserstein, OfAScale) {
  const Tensor x = random_normal({300, 8}, {2});
  EXPECT_NEAR(sliced_wasserstein(x, x * 2, 1), 1, 0.16);
}

/// Samples of half the spread: their 50 % interval +-0.337 holds 26.4 % of N(0, 1), their 90 %
/// interval +-0.822 holds 58.9 %; the covariance is off by 3/4. 4000 samples in 2 dimensions.
TEST(PosteriorErrors, OfHalfTheSpread) {
  const Tensor x = random_normal({4000, 2}, {3}) * 0.5;
  const PosteriorErrors errors = compare_with(standard_normal(2), x, 4);
  EXPECT_NEAR(errors.mean, 0, 0.03);
  EXPECT_NEAR(errors.covariance, 0.75, 0.03);
  EXPECT_NEAR(errors.coverage_50, 0.264, 0.03);
  EXPECT_NEAR(errors.coverage_90, 0.589, 0.03);
  EXPECT_NEAR(errors.sliced_wasserstein, 0.5, 0.05);
}

TEST(PosteriorErrors, OfExactSamplesAreSmall) {
  for (const Index dimension : {2, 16}) {
    for (const PosteriorProblem& p : posterior_problems(dimension, 5)) {
      const PosteriorErrors e = compare_with(p.posterior, p.posterior.sample(2000, {.seed = 6}), 7);
      EXPECT_LT(e.mean, 4 / std::sqrt(2000)) << p.prior << " " << p.operation;
      EXPECT_NEAR(e.coverage_50, 0.5, 0.04);
      EXPECT_NEAR(e.coverage_90, 0.9, 0.03);
    }
  }
}

/// The posteriors are of the measurement: with much data the mean of A x is near y, within the
/// noise, 0.2 for each number (5 of its standard deviations).
TEST(PosteriorProblems, AgreeWithTheirMeasurements) {
  for (const PosteriorProblem& p : posterior_problems(64, 8)) {
    const std::vector<double> mean = p.posterior.mean();
    const Tensor x(batch_shape(1, p.A->domain()), std::vector<Real>(mean.begin(), mean.end()));
    for (const Real r : (p.A->apply(x) - p.y).to_host()) EXPECT_LT(std::abs(r), 1.0);
    EXPECT_LT(p.posterior.covariance()[0], p.distribution.covariance()[0]);
  }
  test::expect_error([] { posterior_problems(3, 0); }, {"2, 16 or 64", "got 3"});
  test::expect_error(
      [] {
        compare_with(standard_normal(2), Tensor::zeros({5, 2}), 0);
      },
      {"at least 20"});
}

}  // namespace
}  // namespace ito
