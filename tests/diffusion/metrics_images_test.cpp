// The report on generated images of any kind, on sets whose numbers are known beforehand.

#include <gtest/gtest.h>

#include "diffusion/data/digits.h"
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
