#include <gtest/gtest.h>

#include <algorithm>

#include "diffusion/data/digits.h"
#include "diffusion/data/image_set.h"
#include "tests/files.h"

namespace ito {
namespace {

using test::expect_error;
using Values = std::vector<Real>;

/// Three images [1, 2, 2]; element e of image i is 10 i + e.
ImageSet three_images() {
  ImageSet set;
  set.count = 3;
  set.item = {1, 2, 2};
  set.pixels = {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};
  set.labels = {5, 6, 7};
  set.source = "three";
  return set;
}

TEST(ImageSet, BatchTakesRowsAndFlips) {
  const std::vector<Index> rows = {2, 0, 2};
  const std::vector<std::uint8_t> flips = {0, 1, 1};
  const Tensor x = batch(three_images(), rows, Range::stored, flips);
  EXPECT_EQ(x.shape(), (Shape{3, 1, 2, 2}));
  // A flip exchanges pixels, not the channels within one.
  EXPECT_EQ(x.to_host(), (Values{20, 21, 22, 23, 2, 3, 0, 1, 22, 23, 20, 21}));
}

TEST(ImageSet, FlipMirrorsEachLine) {
  ImageSet set;
  set.count = 1;
  set.item = {2, 3, 1};
  set.pixels = {1, 2, 3, 4, 5, 6};
  const std::vector<Index> rows = {0};
  const std::vector<std::uint8_t> flips = {1};
  EXPECT_EQ(batch(set, rows, Range::stored, flips).to_host(), (Values{3, 2, 1, 6, 5, 4}));
}

TEST(ImageSet, RangesMapTheLevels) {
  ImageSet set;
  set.count = 1;
  set.item = {1, 3, 1};
  for (const int levels : {17, 256}) {
    set.levels = levels;
    const int top = levels - 1;
    set.pixels = {0, 4, static_cast<std::uint8_t>(top)};
    EXPECT_EQ(batch(set, 0, 1, Range::unit).to_host(),
              (Values{0, static_cast<Real>(4.0 / top), 1}));
    EXPECT_EQ(batch(set, 0, 1, Range::centered).to_host(),
              (Values{-1, static_cast<Real>(8.0 / top - 1), 1}));
    EXPECT_EQ(batch(set, 0, 1, Range::stored).to_host(), (Values{0, 4, static_cast<Real>(top)}));
  }
}

TEST(ImageSet, RealValuesAreCheckedBeforeTheyAreScaled) {
  ImageSet set;
  set.count = 2;
  set.item = {2};
  set.levels = 0;
  set.reals = {0, 0.25, 1, -3};
  set.source = "points";
  EXPECT_EQ(batch(set, 0, 1, Range::unit).to_host(), (Values{0, 0.25}));
  EXPECT_EQ(batch(set, 0, 1, Range::centered).to_host(), (Values{-1, -0.5}));
  EXPECT_EQ(batch(set, 1, 1, Range::stored).to_host(), (Values{1, -3}));
  expect_error([&] { batch(set, 1, 1, Range::unit); }, {"points", "image 1", "-3", "[0, 1]"});
  const std::vector<Index> rows = {0};
  const std::vector<std::uint8_t> flips = {1};
  expect_error([&] { batch(set, rows, Range::unit, flips); }, {"points", "cannot be flipped"});
}

TEST(ImageSet, RowsMustExist) {
  expect_error([] { batch(three_images(), 2, 2, Range::unit); }, {"three", "no image 3 among 3"});
  expect_error([] { batch(three_images(), -1, 1, Range::unit); }, {"no image -1"});
  const std::vector<Index> rows = {0, 1};
  const std::vector<std::uint8_t> flips = {1};
  expect_error([&] { batch(three_images(), rows, Range::unit, flips); }, {"1 flips for 2 rows"});
}

TEST(ImageSet, HoldOutSpreadsEvenlyAndLosesNothing) {
  ImageSet set;
  set.count = 100;
  set.item = {1};
  for (int i = 0; i < 100; ++i) {
    set.pixels.push_back(static_cast<std::uint8_t>(i));
    set.labels.push_back(i);
  }
  const Dataset data = hold_out(set, 4);
  EXPECT_EQ(data.held_out.labels, (std::vector<int>{24, 49, 74, 99}));
  EXPECT_EQ(data.held_out.pixels, (std::vector<std::uint8_t>{24, 49, 74, 99}));
  EXPECT_EQ(data.train.count, 96);
  EXPECT_EQ(data.train.pixels.size(), 96u);
  EXPECT_EQ(hold_out(set, 7).held_out.count, 7);
  EXPECT_EQ(hold_out(set, 0).train.count, 100);
  expect_error([&] { hold_out(set, 100); }, {"cannot hold out 100 of 100"});
}

TEST(Digits, AreTheFileOfTheRepository) {
  const ImageSet set = digits();
  EXPECT_EQ(set.count, 1797);
  EXPECT_EQ(set.item, (Shape{8, 8, 1}));
  EXPECT_EQ(set.levels, 17);
  ASSERT_EQ(set.pixels.size(), 1797u * 64);
  ASSERT_EQ(set.labels.size(), 1797u);
  // Sums over the published file, plain and weighted by column (awk over digits.csv).
  std::int64_t sum = 0, weighted = 0;
  for (std::size_t i = 0; i < set.pixels.size(); ++i) {
    ASSERT_LE(set.pixels[i], 16);
    sum += set.pixels[i];
    weighted += set.pixels[i] * static_cast<std::int64_t>(i % 64 + 1);
  }
  EXPECT_EQ(sum, 561718);
  EXPECT_EQ(weighted, 18222371);
  const std::vector<std::uint8_t> first_rows = {0, 0, 5,  13, 9,  1,  0, 0,
                                                0, 0, 13, 15, 10, 15, 5, 0};
  EXPECT_TRUE(std::equal(first_rows.begin(), first_rows.end(), set.pixels.begin()));
  EXPECT_EQ(std::vector<int>(set.labels.begin(), set.labels.begin() + 4),
            (std::vector<int>{0, 1, 2, 3}));
}

TEST(Digits, SplitIsFixedAndBalanced) {
  const Dataset data = digits_split();
  EXPECT_EQ(data.train.count, 1500);
  EXPECT_EQ(data.held_out.count, 297);
  // 1,797 digits, 174 to 183 of each: a random sixth of them would hold 24 to 37 of each (two
  // standard deviations), and so does this one.
  for (int digit = 0; digit < 10; ++digit) {
    const auto held = std::count(data.held_out.labels.begin(), data.held_out.labels.end(), digit);
    EXPECT_GE(held, 20) << digit;
    EXPECT_LE(held, 40) << digit;
  }
  // Row i is held out where (i + 1) 297 / 1797 and i 297 / 1797, rounded down, differ: first at 6.
  const ImageSet all = digits();
  EXPECT_TRUE(std::equal(data.held_out.pixels.begin(), data.held_out.pixels.begin() + 64,
                         all.pixels.begin() + std::ptrdiff_t{6} * 64));
  EXPECT_EQ(data.train.labels[6], all.labels[7]);
}

}  // namespace
}  // namespace ito
