// Schedules of soft diffusion: interpolation, files, named ones.

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "diffusion/data/digits.h"
#include "diffusion/sde/geometric_sigma.h"
#include "diffusion/soft/blur.h"
#include "diffusion/soft/natural_schedule.h"
#include "diffusion/soft/scaled_identity.h"
#include "diffusion/soft/schedule.h"
#include "tests/files.h"

namespace ito {
namespace {

const Shape schedule_item = {8, 8, 1};

TEST(Schedule, IsLinearAndGeometricBetweenKnots) {
  const Schedule s("blur", {{0, {0, 0.01}}, {0.25, {0, 0.1}}, {1, {3, 0.1}}});
  EXPECT_EQ(s(0).sigma, 0.01);
  EXPECT_NEAR(s(0.125).sigma, std::sqrt(0.001), 1e-15);
  EXPECT_EQ(s(0.125).parameter, 0);
  EXPECT_EQ(s(0.25).sigma, 0.1);
  EXPECT_NEAR(s(0.625).parameter, 1.5, 1e-15);
  EXPECT_NEAR(s(0.625).sigma, 0.1, 1e-16);
  EXPECT_EQ(s(1).parameter, 3);
  EXPECT_EQ(s(1).sigma, 0.1);
  const CorruptionSchedule as_function = s;
  EXPECT_EQ(as_function(1).parameter, 3);
  test::expect_error([&] { s(1.5); }, {"time from 0 to 1, got 1.5"});
}

/// With the identity, "both together" is the noise of the VE diffusion.
TEST(Schedule, OfTwoKnotsIsTheVeNoise) {
  const IdentityCorruption identity(schedule_item);
  const Schedule s = together_schedule(identity, {0.01, 50});
  const GeometricSigma sigma = {0.01, 50};
  for (int i = 0; i <= 64; ++i) EXPECT_NEAR(s(i / 64.0).sigma / sigma(i / 64.0), 1, 1e-14) << i;
}

TEST(Schedule, NoiseFirstThenTheCorruption) {
  const GaussianBlur blur(schedule_item);
  const Schedule s = noise_first_schedule(blur, {0.01, 0.1}, 0.2);
  EXPECT_EQ(s(0).sigma, 0.01);
  EXPECT_NEAR(s(0.1).sigma, std::sqrt(0.001), 1e-15);
  EXPECT_EQ(s(0.2).parameter, 0);
  EXPECT_NEAR(s(0.6).parameter, blur.strongest() / 2, 1e-14);
  EXPECT_EQ(s(1).parameter, blur.strongest());
  EXPECT_EQ(s(1).sigma, 0.1);
  EXPECT_EQ(noise_first_schedule(blur, {0.01, 0.1}, 0).knots().size(), 2u);
}

/// E |x_t - x_0|^2 at the knots of the blur grows by one factor. At a knot the parameter is linear
/// between tries 4.5/255 apart, where the square curves: 1 part in 50 at most.
TEST(Schedule, NaturalDepartsGeometrically) {
  const GaussianBlur blur(schedule_item);
  const Tensor x = batch(digits_split().train, 0, 200, Range::unit);
  const Schedule s = natural_schedule(x, blur, {0.01, 0.1}, 0.2, {}, 12);
  std::vector<double> departures;
  for (const auto& [t, level] : s.knots()) {
    const double moved = sum_squares(blur.apply(x, level.parameter) - x) / 200;
    if (t > 0) departures.push_back(moved + 64 * level.sigma * level.sigma);
  }
  ASSERT_EQ(departures.size(), 12u);
  EXPECT_EQ(s.knots().back().level.parameter, blur.strongest());
  const double factor = std::pow(departures.back() / departures.front(), 1.0 / 11);
  EXPECT_GT(factor, 1.1);
  for (std::size_t i = 0; i + 1 < departures.size(); ++i)
    EXPECT_NEAR(departures[i + 1] / departures[i] / factor, 1, 0.02) << i;
  test::expect_error([&] { natural_schedule(x, IdentityCorruption(schedule_item), {}, 0.2); },
                     {"identity does not change"});
}

TEST(Schedule, RefusesLevelsThatAreNone) {
  const auto levels = [](std::vector<Schedule::Knot> knots) {
    return [knots] { Schedule("blur", knots); };
  };
  test::expect_error(levels({{0, {0, 0.1}}}), {"at least 2 levels, got 1"});
  test::expect_error(levels({{0, {0, 0}}, {1, {1, 0.1}}}), {"above 0, got 0"});
  test::expect_error(levels({{0, {0, 0.1}}, {0.5, {2, 0.1}}, {1, {1, 0.1}}}), {"never turn back"});
  test::expect_error(levels({{0, {0, 0.1}}, {0.5, {1, 0.2}}, {1, {1, 0.1}}}), {"never turn back"});
  test::expect_error(levels({{0, {0, 0.1}}, {0.5, {1, 0.1}}}), {"times from 0 to 1"});
  test::expect_error(levels({{0, {0, 0.1}}, {0.5, {1, 0.1}}, {0.5, {2, 0.1}}, {1, {3, 0.1}}}),
                     {"times that rise, got 0.5 and then 0.5"});
  Schedule("scale", {{0, {1, 0.1}}, {1, {0, 1}}});  // down is one way too
}

TEST(Schedule, KeepsEveryBitInItsFile) {
  const test::TempFolder folder;
  const ImageSet data = digits_split().train;
  const GaussianBlur blur(schedule_item);
  const Schedule s = schedule_along(blur, {{0, 0.1}, {1.0 / 3, 0.1}, {blur.strongest(), 0.1}}, 0.2,
                                    0.01, identity_of(data));
  write_file(folder / "s.json", s.to_json().dump(2), Overwrite::no);
  const Schedule read = read_schedule(folder / "s.json");
  EXPECT_EQ(read.to_json(), s.to_json());
  for (int i = 0; i <= 10; ++i) EXPECT_EQ(read(i / 10.0).parameter, s(i / 10.0).parameter);
  read.check_for(blur, data);
}

TEST(Schedule, RefusesOtherDataAndOtherCorruptions) {
  const Dataset data = digits_split();
  const GaussianBlur blur(schedule_item), wider(schedule_item, 8, 5);
  const Schedule s =
      schedule_along(blur, {{0, 0.1}, {blur.strongest(), 0.1}}, 0.2, 0.01, identity_of(data.train));
  s.check_for(blur, data.train);
  test::expect_error([&] { s.check_for(wider, data.train); }, {"blur:8,4.5", "blur:8,5"});
  test::expect_error([&] { s.check_for(blur, data.held_out); },
                     {"other data", "1500 images", "297 images"});
  ImageSet changed = data.train;
  changed.pixels[1000] ^= 1;  // one level of one pixel
  test::expect_error([&] { s.check_for(blur, changed); }, {"other data", "fingerprint"});
  noise_first_schedule(blur, {}, 0.2).check_for(blur, changed);  // made for any data
}

TEST(Schedule, RefusesFilesThatAreNone) {
  const test::TempFolder folder;
  const auto reading = [&](const char* contents) {
    write_file(folder / "s.json", contents, Overwrite::yes);
    return [&] { read_schedule(folder / "s.json"); };
  };
  test::expect_error(reading("{"), {"s.json"});
  test::expect_error(reading("[]"), {"s.json", "expected corruption, levels"});
  test::expect_error(reading(R"({"corruption": "blur"})"), {"expected corruption, levels"});
  test::expect_error(reading(
                         R"({"corruption": "blur", "levels": [{"t": 0, "parameter": 0, "sigma": 0},
                                               {"t": 1, "parameter": 1, "sigma": 0}]})"),
                     {"s.json", "above 0, got 0"});
}

}  // namespace
}  // namespace ito
