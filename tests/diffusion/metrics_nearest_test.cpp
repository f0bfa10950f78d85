// Distances to the nearest image, by hand.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/metrics/nearest.h"
#include "engine/random.h"

namespace ito::test {
namespace {

TEST(Nearest, PointsOnAPlane) {
  const Tensor points({3, 2}, {0, 0, 3, 5, -1, 0});
  const Tensor reference({2, 2}, {0, 1, 3, 1});
  const std::vector<double> distances = nearest_distances(points, reference);
  const std::vector<double> expected = {1, 4, std::sqrt(2.0)};
  ASSERT_EQ(distances.size(), expected.size());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(distances[i], expected[i], 1e-15);
  EXPECT_NEAR(mean_nearest_distance(points, reference), (5 + std::sqrt(2.0)) / 3, 1e-15);
}

TEST(Nearest, BlackAndWhiteImagesAreRootOfTheirSizeApart) {
  const Tensor black = Tensor::zeros({2, 8, 8, 3}), white = Tensor::full({5, 8, 8, 3}, 1);
  EXPECT_NEAR(mean_nearest_distance(black, white), std::sqrt(8 * 8 * 3), 1e-13);
}

TEST(Nearest, AnImageOfTheReferenceIsAtZero) {
  const Tensor reference = random_normal({20, 4, 4, 1}, {.seed = 5});
  for (const double distance : nearest_distances(reference, reference)) EXPECT_EQ(distance, 0);
}

TEST(Nearest, RefusesSetsThatDoNotCompare) {
  const Tensor images = Tensor::zeros({2, 8, 8, 1});
  EXPECT_THROW(nearest_distances(images, Tensor::zeros({2, 8, 8, 3})), Error);
  EXPECT_THROW(nearest_distances(images, Tensor::zeros({0, 8, 8, 1})), Error);
  EXPECT_THROW(nearest_distances(Tensor::zeros({0, 8, 8, 1}), images), Error);
  EXPECT_THROW(nearest_distances(Tensor::full({1, 8, 8, 1}, NAN), images), Error);
  EXPECT_THROW(nearest_distances(Tensor::scalar(1), Tensor::scalar(1)), Error);
}

}  // namespace
}  // namespace ito::test
