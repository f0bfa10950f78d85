// The elementwise kernels: every row of pointwise.def once, broadcasting against a plain loop over
// indices, and nothing written outside the output.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "everywhere.h"
#include "kernels/kernels.h"
#include "kernels/threads.h"

namespace ito::kernels::test {
namespace {

std::vector<Real> numbers(Index n, double scale) {
  std::vector<Real> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<Real>(scale * std::sin(0.7 + 1.3 * static_cast<double>(i)));
  return x;
}

TEST(Pointwise, FillWritesItsRangeOnly) {
  for_each_level([](const std::string&) {
    for (Index n : {0, 1, 7, 33, 40000}) {
      std::vector<Real> y(static_cast<std::size_t>(n) + 1, 3);
      fill(Device::cpu, y.data(), n, Real(0.5));
      for (Index i = 0; i < n; ++i) ASSERT_EQ(y[static_cast<std::size_t>(i)], Real(0.5));
      EXPECT_EQ(y.back(), 3);
    }
  });
}

struct UnaryCase {
  Unary f;
  Real x, p, q, y;
};

TEST(Pointwise, FunctionsWithoutRounding) {
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  const UnaryCase cases[] = {
      {Unary::affine, 3, 2, -1, 5},       {Unary::leaky_relu, -2, 0.25, 0, -0.5},
      {Unary::leaky_relu, 2, 0.25, 0, 2}, {Unary::elu, 3, 2, 0, 3},
      {Unary::elu, -200, 2, 0, -2},       {Unary::silu, 0, 0, 0, 0},
      {Unary::silu, 200, 0, 0, 200},      {Unary::sign, -4, 0, 0, -1},
      {Unary::sign, 0, 0, 0, 0},          {Unary::sign, 4, 0, 0, 1},
      {Unary::positive, 0, 0, 0, 0},      {Unary::positive, 0.5, 0, 0, 1},
      {Unary::clamp, -3, -1, 2, -1},      {Unary::clamp, 0.5, -1, 2, 0.5},
      {Unary::clamp, 3, -1, 2, 2},        {Unary::clamp, nan, -1, 2, nan},
      {Unary::inside, 2, -1, 2, 1},       {Unary::inside, -1, -1, 2, 1},
      {Unary::inside, 2.5, -1, 2, 0},     {Unary::inside, nan, -1, 2, 0},
      {Unary::less, 1, 2, 0, 1},          {Unary::less, 2, 2, 0, 0},
  };
  for_each_level([&](const std::string&) {
    for (const UnaryCase& c : cases) {
      const std::vector<Real> x(37, c.x);  // whole vectors and a rest
      std::vector<Real> y(38, 77);
      unary(Device::cpu, c.f, x.data(), y.data(), length(x), c.p, c.q);
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (std::isnan(c.y)) {
          ASSERT_TRUE(std::isnan(y[i]));
        } else {
          ASSERT_EQ(y[i], c.y) << static_cast<int>(c.f) << " of " << c.x;
        }
      }
      EXPECT_EQ(y.back(), 77);
    }
  });
}

struct Nest {
  const char* name;
  std::vector<Index> size, a, b;  ///< strides of a and b; y is dense unless given
  std::vector<Index> y = {};
};

std::vector<Index> dense_strides(const std::vector<Index>& size) {
  std::vector<Index> stride(size.size(), 1);
  for (std::size_t i = size.size(); i-- > 1;) stride[i - 1] = stride[i] * size[i];
  return stride;
}

Strided strided(const Nest& nest) {
  Strided s;
  const std::vector<Index> y = nest.y.empty() ? dense_strides(nest.size) : nest.y;
  s.rank = static_cast<int>(nest.size.size());
  for (std::size_t i = 0; i < nest.size.size(); ++i) {
    s.size[i] = nest.size[i];
    s.a[i] = nest.a[i];
    s.b[i] = nest.b[i];
    s.y[i] = y[i];
  }
  return s;
}

Index extent(const Strided& s, const Index (&stride)[max_rank]) {
  Index last = 0;
  for (int i = 0; i < s.rank; ++i) last += (s.size[i] - 1) * stride[i];
  return last + 1;
}

/// a - b by indices, one element at a time.
void subtract(const Strided& s, const Real* a, const Real* b, Real* y, int axis = 0) {
  if (axis == s.rank) {
    *y = *a - *b;
    return;
  }
  for (Index i = 0; i < s.size[axis]; ++i)
    subtract(s, a + i * s.a[axis], b + i * s.b[axis], y + i * s.y[axis], axis + 1);
}

TEST(Pointwise, BinaryBroadcasts) {
  const int threads_before = threads();
  const Nest nests[] = {
      {"scalars", {}, {}, {}},
      {"same shape", {5, 7, 3}, {21, 3, 1}, {21, 3, 1}},
      {"long", {50001}, {1}, {1}},
      {"scalar on the right", {40, 1001}, {1001, 1}, {0, 0}},
      {"scalar on the left", {40, 1001}, {0, 0}, {1001, 1}},
      {"bias per channel", {2, 50, 50, 9}, {22500, 450, 9, 1}, {0, 0, 0, 1}},
      {"number per image", {6, 50, 50, 3}, {7500, 150, 3, 1}, {1, 0, 0, 0}},
      {"per image and channel", {6, 50, 50, 3}, {7500, 150, 3, 1}, {3, 0, 0, 1}},
      {"outer product", {300, 200}, {1, 0}, {0, 1}},
      {"long rows apart", {3, 20000}, {20001, 1}, {20000, 1}, {20005, 1}},
      {"transposed", {70, 90}, {1, 70}, {90, 1}},
      {"axes of size 1", {1, 8, 1, 4}, {0, 4, 0, 1}, {0, 0, 0, 1}},
      {"empty", {3, 0, 2}, {0, 2, 1}, {0, 2, 1}},
  };
  for (const Nest& nest : nests) {
    SCOPED_TRACE(nest.name);
    const Strided s = strided(nest);
    const std::vector<Real> a = numbers(extent(s, s.a), 2), b = numbers(extent(s, s.b), 3);
    std::vector<Real> expected(static_cast<std::size_t>(extent(s, s.y)) + 1, 77);
    subtract(s, a.data(), b.data(), expected.data());
    for_each_level([&](const std::string&) {
      for (int count : {1, 3}) {
        set_threads(count);
        std::vector<Real> y(expected.size(), 77);
        binary(Device::cpu, Binary::sub, a.data(), b.data(), y.data(), s);
        EXPECT_EQ(y, expected);
      }
    });
  }
  set_threads(threads_before);
}

TEST(Pointwise, BinaryFunctions) {
  Nest nest{"", {37}, {1}, {1}};
  const Strided s = strided(nest);
  const std::vector<Real> a(37, 3), b(37, 0.5);
  std::vector<Real> y(37);
  const auto value = [&](Binary f, const std::vector<Real>& left, const std::vector<Real>& right) {
    binary(Device::cpu, f, left.data(), right.data(), y.data(), s);
    for (Real v : y) EXPECT_EQ(v, y[0]);
    return y[0];
  };
  for_each_level([&](const std::string&) {
    EXPECT_EQ(value(Binary::add, a, b), Real(3.5));
    EXPECT_EQ(value(Binary::sub, a, b), Real(2.5));
    EXPECT_EQ(value(Binary::mul, a, b), Real(1.5));
    EXPECT_EQ(value(Binary::div, a, b), Real(6));
    EXPECT_EQ(value(Binary::equal, a, b), Real(0));
    EXPECT_EQ(value(Binary::equal, a, a), Real(1));
  });
}

TEST(Pointwise, SelectTakesTheFirstWhereTheMaskIsNotZero) {
  const std::vector<Real> mask = {0, 1, -2, Real(-0.0), Real(1e-30), 0, 5, 0, 1};
  const std::vector<Real> a(9, 1), b(9, 2), expected = {2, 1, 1, 2, 1, 2, 1, 2, 1};
  for_each_level([&](const std::string&) {
    std::vector<Real> y(9);
    select(Device::cpu, mask.data(), a.data(), b.data(), y.data(), 9);
    EXPECT_EQ(y, expected);
  });
}

}  // namespace
}  // namespace ito::kernels::test
