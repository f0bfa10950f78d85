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

TEST(Nearest, NeighboursComeNearestFirst) {
  const Tensor points({2, 1}, {0, 10});
  const Tensor reference({5, 1}, {3, -1, 9, 1, 12});
  const auto found = nearest_neighbours(points, reference, 3);
  const Index rows[2][3] = {{1, 3, 0}, {2, 4, 0}};  // of -1 and 1, equally far, the first
  const double distances[2][3] = {{1, 1, 3}, {1, 2, 7}};
  ASSERT_EQ(found.size(), 2u);
  for (std::size_t n = 0; n < 2; ++n) {
    ASSERT_EQ(found[n].size(), 3u);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(found[n][k].row, rows[n][k]);
      EXPECT_EQ(found[n][k].distance, distances[n][k]);
    }
  }
  EXPECT_EQ(nearest_neighbours(points, reference, 9)[0].size(), 5u);
  EXPECT_THROW(nearest_neighbours(points, reference, 0), Error);
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
