// The report on generated images of any kind, on sets whose numbers are known beforehand.

#include <gtest/gtest.h>

#include "diffusion/data/digits.h"
#include "diffusion/metrics/image_quality.h"
#include "diffusion/metrics/image_report.h"
#include "engine/ops.h"
#include "tests/errors.h"

namespace ito {
namespace {

TEST(ImageReport, TellsRealImagesMemoriesAndNoiseApart) {
  const Dataset digits = digits_split();
  const Tensor held_out = batch(digits.held_out, 0, 297, Range::unit),
               train = batch(digits.train, 0, 297, Range::unit);
  const ImageReport same = report_images(held_out, digits);
  EXPECT_EQ(same.compared, 297);
  EXPECT_NEAR(same.frechet_generated, 0, 1e-6);  // to rounding, of a trace of order 10
  EXPECT_EQ(same.nearest_generated, same.nearest_real);
  const ImageReport memory = report_images(train, digits);
  EXPECT_EQ(memory.nearest_generated, 0);
  EXPECT_GT(memory.frechet_generated, 0);
  // Noise of variance 1/4 in each of 64 features adds (1/2)^2 where nothing else varies.
  const ImageReport noise =
      report_images(train + random_normal(train.shape(), {.seed = 3}) * 0.5, digits);
  EXPECT_GT(noise.frechet_generated, 3 * noise.frechet_real);
  EXPECT_GT(noise.nearest_generated, noise.nearest_real);
}

/// Closed forms. Two constants u and v: (2 u v + c1) / (u^2 + v^2 + c1). A pattern that repeats
/// after 7 pixels has the same mean and variance s^2 in every window, and k times the contrast
/// about that mean gives (2 k s^2 + c2) / ((1 + k^2) s^2 + c2).
TEST(ImageQuality, StructuralSimilarity) {
  const double rounding = sizeof(Real) == 8 ? 1e-12 : 1e-5, c1 = 1e-4, c2 = 9e-4;
  const Tensor u = Tensor::full({2, 8, 9, 3}, 0.5), v = Tensor::full({2, 8, 9, 3}, 0.25);
  EXPECT_NEAR(mean_ssim(u, v), (0.25 + c1) / (0.3125 + c1), rounding);
  EXPECT_NEAR(mean_ssim(u, u), 1, rounding);

  Tensor pattern({1, 12, 10, 1});
  for (Index i = 0; i < 120; ++i)
    pattern.mutable_data()[i] = static_cast<Real>((3 * (i / 10 % 7) + 5 * (i % 10 % 7)) % 7) / 6;
  // Each of 0, ..., 6 sixths seven times a window: mean 1/2, variance 49/48 * 4/36.
  const double variance = 49.0 / 48 * 4 / 36, k = 0.4;
  const Tensor flat = affine(pattern, k, (1 - k) / 2);
  EXPECT_NEAR(mean_ssim(flat, pattern), (2 * k * variance + c2) / ((1 + k * k) * variance + c2),
              rounding);
  EXPECT_NEAR(mean_ssim(affine(pattern, 1000, -499.5), pattern),
              mean_ssim(clamp(affine(pattern, 1000, -499.5), 0, 1), pattern), rounding);
  test::expect_error(
      [] {
        mean_ssim(Tensor::zeros({1, 6, 8, 1}), Tensor::zeros({1, 6, 8, 1}));
      },
      {"7 x 7", "[1, 6, 8, 1]"});
}

TEST(ImageReport, SeesBlocksFromAfar) {
  EXPECT_EQ(block_means(Tensor::zeros({3, 28, 28, 1})).shape(), (Shape{3, 49}));
  EXPECT_EQ(block_means(Tensor::zeros({3, 32, 32, 3})).shape(), (Shape{3, 192}));
  const Tensor x({1, 2, 2, 1}, {1, 2, 3, 4});
  EXPECT_EQ(block_means(x).to_host(), x.to_host());
  test::expect_error([] { block_means(Tensor::zeros({1, 11, 16, 1})); }, {"11 x 16"});
  test::expect_error(
      [] {
        report_images(Tensor::zeros({4, 8, 8, 3}), digits_split());
      },
      {"[8, 8, 1], got [4, 8, 8, 3]"});
}

}  // namespace
}  // namespace ito
