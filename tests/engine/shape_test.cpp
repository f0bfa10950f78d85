// Shape is the sequence that std::vector would be, in a place of fixed size.

#include <gtest/gtest.h>

#include <vector>

#include "engine/tensor.h"
#include "tests/errors.h"

namespace ito {
namespace {

using test::error_of;

TEST(Shape, ChangesAsAVectorDoes) {
  Shape shape = {4, 5};
  std::vector<Index> vector = {4, 5};
  const auto expect_same = [&] {
    EXPECT_EQ(std::vector<Index>(shape.begin(), shape.end()), vector);
    EXPECT_EQ(shape.rank(), static_cast<int>(vector.size()));
  };
  shape.push_back(6), vector.push_back(6);
  expect_same();
  shape.insert(shape.begin(), 3), vector.insert(vector.begin(), 3);
  expect_same();
  shape.insert(shape.begin() + 2, 2, 1), vector.insert(vector.begin() + 2, 2, 1);
  expect_same();
  const std::vector<Index> more = {7, 8};
  shape.insert(shape.begin() + 1, more.begin(), more.end());
  vector.insert(vector.begin() + 1, more.begin(), more.end());
  expect_same();
  shape.erase(shape.begin() + 3), vector.erase(vector.begin() + 3);
  expect_same();
  EXPECT_EQ(shape.back(), 6);
  EXPECT_EQ(shape.elements(), 3 * 7 * 8 * 1 * 1 * 5 * 6);
}

TEST(Shape, ComparesAsAVectorDoes) {
  EXPECT_EQ(Shape({2, 3}), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({2, 3, 1}));
  EXPECT_LT(Shape({2, 3}), Shape({2, 3, 1}));
  EXPECT_LT(Shape({2, 3, 9}), Shape({2, 4}));
  EXPECT_EQ(Shape(), Shape({}));
  Shape shortened = {2, 3};
  shortened.erase(shortened.begin());
  EXPECT_EQ(shortened, Shape({3}));  // what is left behind the end does not count
}

TEST(Shape, RefusesMoreAxesThanKernelsHave) {
  Shape shape(8, 1);
  EXPECT_EQ(shape.elements(), 1);
  const std::string error = error_of([&] { shape.push_back(1); });
  EXPECT_NE(error.find("at most 8 axes"), std::string::npos) << error;
  EXPECT_NE(error.find("9"), std::string::npos) << error;
  EXPECT_EQ(shape.rank(), 8);
}

}  // namespace
}  // namespace ito
