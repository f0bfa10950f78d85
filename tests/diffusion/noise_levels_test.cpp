// Noise levels from data: the figures of Song and Ermon (2020), and brute force.

#include "diffusion/noise_levels.h"

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/data/digits.h"
#include "engine/random.h"
#include "tests/errors.h"

namespace ito {
namespace {

TEST(NoiseLevels, OfCifar10) {
  const double gamma = level_ratio(3072);
  EXPECT_NEAR(gamma, 1.0398, 5e-5);
  EXPECT_NEAR(level_overlap(3072, gamma), 0.5, 1e-12);
  EXPECT_EQ(level_count(50, 0.01, gamma), 220);
  // The published number of levels overlaps more.
  EXPECT_NEAR(level_overlap(3072, ratio_of_levels(50, 0.01, 232)), 0.567, 5e-4);
}

TEST(NoiseLevels, StepSizeOfCifar10) {
  const double gamma = ratio_of_levels(50, 0.01, 232);
  const LangevinStep step = best_langevin_step(0.01, gamma, 5);
  EXPECT_NEAR(step.eps, 6.2e-6, 5e-8);
  EXPECT_NEAR(step.variance, 1.05547, 5e-6);  // 1.056 with gamma rounded to 1.0376
  // It is a minimum, and none of the other step sizes comes closer to 1.
  for (double r = 0.001; r < 1; r += 0.001)
    EXPECT_GE(langevin_variance(r, gamma, 5), step.variance);
}

/// The closed form against the recursion that it sums: T steps on a Gaussian of std sigma multiply
/// the variance by (1 - r)^2 and add 2 r sigma^2.
TEST(NoiseLevels, VarianceIsThatOfTheSteps) {
  for (double r : {0.01, 0.062, 0.5}) {
    double variance = 1.2 * 1.2;
    for (int k = 1; k <= 7; ++k) {
      variance = (1 - r) * (1 - r) * variance + 2 * r;
      EXPECT_NEAR(langevin_variance(r, 1.2, k), variance, 1e-14);
    }
  }
}

/// The overlap is that of radii, drawn here: of points of std 1, to be within 3 standard deviations
/// gamma / sqrt 2 of sqrt(D) gamma. 20,000 draws in D = 300, within 4 standard errors; that the
/// radius is not quite N(sqrt(D), 1/2) shifts it by 1 / (4 sqrt D), 0.02 of its deviation.
TEST(NoiseLevels, OverlapIsTheProbabilityOfTheRadius) {
  constexpr Index N = 20000, D = 300;
  const double gamma = level_ratio(D, 0.5);
  const std::vector<Real> x = random_normal({N, D}, {1, Purpose::noise, 0, 0, 0}).to_host();
  double inside = 0;
  for (Index n = 0; n < N; ++n) {
    double squares = 0;
    for (Index d = 0; d < D; ++d)
      squares += std::pow(static_cast<double>(x[static_cast<std::size_t>(n * D + d)]), 2);
    const double radius = std::sqrt(squares), width = gamma / std::sqrt(2.0);
    inside +=
        std::abs(radius - gamma * std::sqrt(static_cast<double>(D))) < 3 * width ? 1.0 / N : 0;
  }
  EXPECT_NEAR(inside, 0.5, 4 * 0.5 / std::sqrt(static_cast<double>(N)) + 0.008);
}

TEST(NoiseLevels, LargestDistanceOfTheDigitsIsThatOfBruteForce) {
  const ImageSet images = digits_split().train;  // of two blocks and a part of a third
  const FarPair far = largest_distance(images);
  Index largest = 0;  // of integers, exactly
  for (Index i = 0; i < images.count; ++i)
    for (Index j = 0; j < i; ++j) {
      Index squares = 0;
      for (Index k = 0; k < 64; ++k) {
        const Index d = images.pixels[static_cast<std::size_t>(64 * i + k)] -
                        images.pixels[static_cast<std::size_t>(64 * j + k)];
        squares += d * d;
      }
      largest = std::max(largest, squares);
    }
  EXPECT_NEAR(far.distance, std::sqrt(static_cast<double>(largest)) / 16, 1e-6);
  EXPECT_LT(far.first, far.second);
}

TEST(NoiseLevels, FewDimensionsAndFewImagesAreRefused) {
  test::expect_error([] { level_ratio(4); }, {"at least 5 dimensions", "4"});
  ImageSet one = digits();
  one.count = 1;
  test::expect_error([&] { largest_distance(one); }, {"at least 2 images"});
  EXPECT_THROW(level_count(1, 2, 1.1), Error);
  EXPECT_THROW(level_count(1, 0.1, 1), Error);
  EXPECT_THROW(ratio_of_levels(1, 0.1, 0), Error);
  EXPECT_THROW(best_langevin_step(0.1, 1.1, 0), Error);
  EXPECT_GT(level_ratio(5), 1);
  EXPECT_EQ(level_count(1, 1, 1.1), 1);
  EXPECT_EQ(ratio_of_levels(1, 1, 1), 1);
}

}  // namespace
}  // namespace ito
