// The schedule search: distances of corrupted data, and answers that are known.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/data/digits.h"
#include "diffusion/soft/blur.h"
#include "diffusion/soft/scaled_identity.h"
#include "diffusion/soft/schedule_search.h"
#include "diffusion/symmetric_eigen.h"
#include "statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

const Shape search_item = {8, 8, 1};

/// n points [n, D] whose mean is 0 and whose covariance (over n) is exactly I: Gaussian ones,
/// multiplied by the inverse root of their covariance.
test::Rows white_points(Index n, Index D, std::uint64_t seed) {
  test::Rows z = test::rows(random_normal({n, D}, {.seed = seed, .purpose = Purpose::probe}));
  const auto d = static_cast<std::size_t>(D);
  std::vector<double> mean(d, 0), covariance(d * d, 0);
  for (const auto& p : z)
    for (std::size_t k = 0; k < d; ++k) mean[k] += p[k] / static_cast<double>(n);
  for (auto& p : z)
    for (std::size_t k = 0; k < d; ++k) p[k] -= mean[k];
  for (const auto& p : z)
    for (std::size_t k = 0; k < d * d; ++k)
      covariance[k] += p[k / d] * p[k % d] / static_cast<double>(n);
  const SymmetricEigen eigen = symmetric_eigen(covariance, D);
  for (auto& p : z) {
    std::vector<double> white(d, 0);
    for (std::size_t k = 0; k < d; ++k)
      for (std::size_t e = 0; e < d; ++e)
        white[e] += eigen.vectors[k * d + e] * p[k] / std::sqrt(eigen.values[e]);
    p = white;
  }
  return z;
}

constexpr Index gaussian_levels = 60;

/// The std of the axes at level i: a blur of four frequencies.
std::vector<double> axes_at(Index i) {
  std::vector<double> std;
  for (const double k : {0.0, 0.5, 1.0, 2.0}) {
    const double a = 2 * static_cast<double>(i) / (gaussian_levels - 1);
    std.push_back((1 - k / 4) * std::exp(-k * k * a * a / 2));
  }
  return std;
}

Tensor gaussian_level(const test::Rows& white, Index i) {
  const std::vector<double> std = axes_at(i);
  std::vector<Real> values;
  for (const auto& p : white)
    for (std::size_t k = 0; k < p.size(); ++k) values.push_back(static_cast<Real>(p[k] * std[k]));
  return Tensor({static_cast<Index>(white.size()), 4}, values);
}

/// For Gaussians with these axes W2^2 is the sum of the squared differences of the axes' stds. The
/// points have just these second moments, so that all that differs is the regularisation.
TEST(ScheduleSearch, OfGaussianDataIsThatOfExactDistances) {
  const test::Rows white = white_points(100, 4, 1);
  LevelGraph found(gaussian_levels, [&](Index i, Index j) {
    return std::sqrt(
        std::max(0.0, sinkhorn_divergence(gaussian_level(white, i), gaussian_level(white, j), {})));
  });
  LevelGraph exact(gaussian_levels, [](Index i, Index j) {
    const std::vector<double> a = axes_at(i), b = axes_at(j);
    double squares = 0;
    for (std::size_t k = 0; k < a.size(); ++k) squares += (a[k] - b[k]) * (a[k] - b[k]);
    return std::sqrt(squares);
  });
  const LevelPath path = path_of_levels(found, 8), truth = path_of_levels(exact, 8);
  EXPECT_EQ(path.levels, truth.levels);
  EXPECT_NEAR(path.epsilon / truth.epsilon, 1, 0.01);
}

/// All corruption is noise, of one draw: the levels are sigma_i eta apart, so equal steps are equal
/// in sigma, (0.5 - 0.01) / 10 each, give or take a candidate: these are 1/10 of that apart.
TEST(ScheduleSearch, OfTheIdentityHasEqualSteps) {
  const IdentityCorruption identity(search_item);
  ScheduleSearchOptions options;
  options.candidates = 101;
  options.levels = 11;
  options.noise = {0.01, 0.5};
  options.distances.slice = 40;
  const FoundSchedule found = search_schedule(digits_split().train, identity, options);
  ASSERT_EQ(found.schedule.knots().size(), 11u);
  EXPECT_EQ(found.schedule(0).sigma, 0.01);
  EXPECT_EQ(found.schedule(1).sigma, 0.5);
  double mean = 0;
  for (const double step : found.steps) mean += step / 10;
  for (const double step : found.steps) EXPECT_NEAR(step / mean, 1, 0.1);
  for (std::size_t k = 0; k < 11; ++k)
    EXPECT_NEAR(found.schedule.knots()[k].level.sigma, 0.01 + 0.049 * static_cast<double>(k),
                0.004);
}

/// Of the same images the distance is at most that of each image to itself, |C_i x - C_j x|: blur
/// is nearly the gradient of a convex function, so it is not much less.
TEST(ScheduleSearch, BlurredImagesAreAsFarApartAsEachFromItself) {
  const GaussianBlur blur(search_item);
  const ImageSet data = digits_split().train;
  CorruptionDistances d(data, blur, corruption_levels(blur, 0.1, 10), {.slice = 100});
  EXPECT_EQ(d.slice(), 100);
  EXPECT_NEAR(d(3, 3), 0, 0.01);
  for (const auto& [i, j] : {std::pair<Index, Index>{0, 1}, {1, 2}, {2, 5}, {5, 9}}) {
    const auto level = [&](Index k) {
      return blur.apply(d.images(), d.levels()[static_cast<std::size_t>(k)].parameter);
    };
    const double own = std::sqrt(sum_squares(level(i) - level(j)) / 100);
    EXPECT_LE(d(i, j), own * 1.001) << i << " " << j;
    EXPECT_GE(d(i, j), own * 0.97) << i << " " << j;
  }
}

TEST(ScheduleSearch, IndependentSlicesHaveAFloor) {
  const GaussianBlur blur(search_item);
  const ImageSet data = digits_split().train;
  CorruptionDistances d(data, blur, corruption_levels(blur, 0.1, 10),
                        {.slice = 40, .slices = Slices::independent});
  EXPECT_GT(d(0, 0), 0.5);      // digits are far from each other
  EXPECT_LT(d(9, 9), d(0, 0));  // blurred ones less
}

TEST(ScheduleSearch, OfBlurredDigits) {
  const GaussianBlur blur(search_item);
  const ImageSet data = digits_split().train;
  ScheduleSearchOptions options;
  options.candidates = 48;
  options.levels = 10;
  options.distances.slice = 30;
  Index last = 0;
  options.watch = [&](Index done, Index total) {
    EXPECT_EQ(done, last++);
    EXPECT_LT(done, total);
    return true;
  };
  const FoundSchedule found = search_schedule(data, blur, options);
  EXPECT_EQ(found.evaluated, last);
  EXPECT_EQ(found.path.levels.size(), 10u);
  EXPECT_EQ(found.schedule.knots().size(), 11u);  // and the noise before
  EXPECT_EQ(found.schedule(0.2).parameter, 0);
  EXPECT_EQ(found.schedule(1).parameter, blur.strongest());
  EXPECT_NEAR(found.first_floor, 0, 0.01);
  EXPECT_NEAR(found.last_floor, 0, 0.01);
  found.schedule.check_for(blur, data);
  // With the epsilon that was found: the same path.
  options.epsilon = found.path.epsilon;
  options.watch = {};
  EXPECT_EQ(search_schedule(data, blur, options).path.levels, found.path.levels);
  options.epsilon = 0.01;
  test::expect_error([&] { search_schedule(data, blur, options); },
                     {"epsilon = 0.01", "the smallest that works is"});
}

TEST(ScheduleSearch, SaysWhatIsWrong) {
  const GaussianBlur blur(search_item);
  const ImageSet data = digits_split().train;
  const auto distances = [&](std::vector<CorruptionLevel> levels, Index slice) {
    return [&blur, &data, levels, slice] {
      CorruptionDistances(data, blur, levels, {.slice = slice});
    };
  };
  const std::vector<CorruptionLevel> good = {{0, 0.1}, {1, 0.1}};
  test::expect_error(distances(good, 151), {"a slice of 2 to 150 images", "1500", "got 151"});
  test::expect_error(distances({{1, 0.1}, {2, 0.1}, {0, 0.1}}, 0), {"never turn back"});
  test::expect_error(distances({{0, 0}, {1, 0.1}}, 0), {"above 0, got 0"});
  test::expect_error(distances({{0, 0.1}}, 0), {"at least 2 levels"});
  const std::vector<Index> rows = {0, 1, 2, 3, 4};
  test::expect_error([&] { CorruptionDistances(subset(data, rows), blur, good); },
                     {"at least 20 images", "has 5"});
  test::expect_error([&] { corruption_levels(blur, 0.1, 1); }, {"at least 2 candidate levels"});
}

}  // namespace
}  // namespace ito
