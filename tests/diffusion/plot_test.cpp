// Axes and figures.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "diffusion/data/picture.h"
#include "diffusion/plot/figure.h"
#include "diffusion/plot/scale.h"
#include "tests/errors.h"

#ifdef ITO_SANITIZE
// What fontconfig, which finds cairo's fonts, keeps until the end is not ours to free.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions();
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig"; }
#endif

namespace ito::plot {
namespace {

std::vector<std::string> labels(const Scale& scale) {
  std::vector<std::string> all;
  for (const Tick& tick : scale.ticks())
    if (!tick.label.empty()) all.push_back(tick.label);
  return all;
}

TEST(PlotScale, PlacesValuesEvenlyOrByTheirLogarithm) {
  const Scale linear{2, 6}, log{0.1, 1000, true};
  EXPECT_DOUBLE_EQ(linear.place(3), 0.25);
  EXPECT_DOUBLE_EQ(log.place(1), 0.25);
  EXPECT_DOUBLE_EQ(log.place(10), 0.5);
}

TEST(PlotScale, HasRoundTicks) {
  EXPECT_EQ(labels({0, 10}), (std::vector<std::string>{"0", "2", "4", "6", "8", "10"}));
  EXPECT_EQ(labels({0.13, 0.31}), (std::vector<std::string>{"0.15", "0.2", "0.25", "0.3"}));
  EXPECT_EQ(labels({0.5, 2000, true}), (std::vector<std::string>{"1", "10", "100", "1000"}));
  EXPECT_EQ(labels({7, 70, true}), (std::vector<std::string>{"10", "20", "50"}));
  EXPECT_EQ((Scale{1, 100, true}).ticks().size(), 19u);  // 1 to 9, 10 to 90, 100
  EXPECT_EQ(tick_label(1e-4), "1e-4");
  EXPECT_EQ(tick_label(2e6), "2e6");
  EXPECT_EQ(tick_label(0.05), "0.05");
}

TEST(PlotScale, HoldsAllValuesThatCanBeDrawn) {
  const double nan = std::nan("");
  const Scale log = scale_of({nan, -1, 0, 5, 50}, true);
  EXPECT_GT(log.low, 1);
  EXPECT_LT(log.low, 5);
  EXPECT_GT(log.high, 50);
  const Scale one = scale_of({3, 3}, false);
  EXPECT_LT(one.low, 3);
  EXPECT_GT(one.high, 3);
  test::expect_error([&] { scale_of({nan, -1}, true); }, {"got none of 2"});
}

Figure red_line() {
  Figure figure{.title = "t", .x_label = "x", .y_label = "y", .log_x = true, .panels = {}};
  figure.panels = {{.title = "p",
                    .lines = {{.name = "red",
                               .group = "g",
                               .color = {1, 0, 0},
                               .x = {1, 10, 100, 0},
                               .y = {2, 2, std::numeric_limits<double>::quiet_NaN(), 2},
                               .error = {1, 1, 1, 1}}},
                    .levels = {{3, "level"}}}};
  return figure;
}

/// The line goes across the half of the panel between its two points that can be drawn, at the
/// height of its value.
TEST(PlotFigure, ShowsALineWhereItsValuesAre) {
  if (!can_draw()) {
    test::expect_error([] { draw_png(red_line()); }, {"without cairo"});
    return;
  }
  const Picture picture = decode_png(draw_png(red_line()), "figure");
  EXPECT_EQ(picture.channels, 3);
  EXPECT_GT(picture.width, 340);
  Index left = picture.width, right = 0, longest_row = 0, longest = 0;
  for (Index y = 0; y < picture.height; ++y) {
    Index in_row = 0;
    for (Index x = 0; x < 340; ++x) {
      const auto* p = &picture.pixels[static_cast<std::size_t>((y * picture.width + x) * 3)];
      if (p[0] < 200 || p[1] > 80 || p[2] > 80) continue;
      ++in_row, left = std::min(left, x), right = std::max(right, x);
    }
    if (in_row > longest) longest = in_row, longest_row = y;
  }
  // The box runs from x = 56 to 330 and y = 58 to 244; values 1 to 10 of the scale 1 to 10, with
  // room of 5 % and a marker; y = 2 of the scale 2 to 3, with 6 % of room below.
  EXPECT_NEAR(static_cast<double>(left), 56 + 274 * (0.06 / 1.12), 8);
  EXPECT_NEAR(static_cast<double>(right), 56 + 274 * (1.06 / 1.12), 20);
  EXPECT_GT(longest, 100);
  EXPECT_NEAR(static_cast<double>(longest_row), 244 - 186 * (0.06 / 1.12), 3);
}

TEST(PlotFigure, RefusesToBeEmpty) {
  if (can_draw()) test::expect_error([] { draw_png({}); }, {"at least one panel"});
}

}  // namespace
}  // namespace ito::plot
