#include <gtest/gtest.h>

#include <cmath>

#include "everywhere.h"
#include "kernels/kernels.h"

namespace ito::kernels::test {
namespace {

Gemm shape(Index batch, Index m, Index n, Index k) {
  Gemm g;
  g.batch = batch;
  g.m = m;
  g.n = n;
  g.k = k;
  g.stride_a = m * k;
  g.stride_b = k * n;
  g.stride_c = m * n;
  return g;
}

struct Reference {
  std::vector<Exact> c, bound;
};

/// The product by its definition. A sum of k products and one term has an error of at most
/// (k + 1) u (sum of magnitudes) in any order, u the unit roundoff (Higham 2002, (3.5)); twice
/// that leaves room for the second-order terms.
Reference product(const Gemm& g, const Values& a, const Values& b, const Values& c) {
  Reference r{{c.begin(), c.end()}, std::vector<Exact>(c.size(), 0)};
  for (Index i = 0; i < g.batch * g.m * g.n; ++i) {
    const Index batch = i / (g.m * g.n), row = i / g.n % g.m, column = i % g.n;
    Exact& sum = r.c[static_cast<std::size_t>(batch * g.stride_c + row * g.n + column)];
    if (!g.accumulate) sum = 0;
    Exact magnitude = std::fabs(sum);
    for (Index k = 0; k < g.k; ++k) {
      const Index ia = batch * g.stride_a + (g.transpose_a ? k * g.m + row : row * g.k + k);
      const Index ib = batch * g.stride_b + (g.transpose_b ? column * g.k + k : k * g.n + column);
      const Exact term = static_cast<Exact>(a[static_cast<std::size_t>(ia)]) *
                         static_cast<Exact>(b[static_cast<std::size_t>(ib)]);
      sum += term;
      magnitude += std::fabs(term);
    }
    r.bound[static_cast<std::size_t>(i)] = 2 * roundoff * static_cast<Exact>(g.k + 1) * magnitude;
  }
  return r;
}

void check(const Gemm& g) {
  SCOPED_TRACE(testing::Message() << "batch " << g.batch << " m " << g.m << " n " << g.n << " k "
                                  << g.k << " transpose " << g.transpose_a << g.transpose_b
                                  << " accumulate " << g.accumulate);
  const Values a = values(1, g.stride_a == 0 ? g.m * g.k : g.batch * g.m * g.k);
  const Values b = values(2, g.stride_b == 0 ? g.k * g.n : g.batch * g.k * g.n);
  const Values c = values(3, g.batch * g.m * g.n);
  const std::vector<Result> results = run_everywhere(
      {c}, [&](const std::vector<Real*>& y) { gemm(Device::cpu, g, a.data(), b.data(), y[0]); });
  const Reference r = product(g, a, b, c);
  expect_close(results, 0, r.c, r.bound);
}

void check_all(Gemm g) {
  for (int bits = 0; bits < 8; ++bits) {
    g.transpose_a = (bits & 1) != 0;
    g.transpose_b = (bits & 2) != 0;
    g.accumulate = (bits & 4) != 0;
    check(g);
  }
}

TEST(Gemm, IsTheProductForEveryShape) {
  const Index shapes[][3] = {{1, 1, 1},     {1, 64, 32},  {2, 3, 5},    {3, 1, 17},   {7, 16, 8},
                             {8, 32, 9},    {9, 33, 16},  {5, 48, 257}, {17, 31, 64}, {64, 10, 33},
                             {33, 65, 100}, {97, 100, 3}, {13, 8, 300}, {96, 64, 64}, {101, 47, 31},
                             {200, 5, 7},   {6, 300, 2},  {40, 96, 256}};
  for (const auto& s : shapes) check_all(shape(1, s[0], s[1], s[2]));
}

TEST(Gemm, IsTheProductBeyondEveryBlock) {
  check_all(shape(1, 100, 290, 530));
  check(shape(1, 197, 530, 523));
}

TEST(Gemm, LargeTransposedProductsMayBeOpenBlas) {
  for (const bool transpose_b : {false, true}) {
    Gemm g = shape(1, 520, 515, 40);
    g.transpose_a = true;
    g.transpose_b = transpose_b;
    check(g);
    g.accumulate = true;
    check(g);
  }
}

TEST(Gemm, MultipliesBatches) {
  check_all(shape(5, 7, 16, 9));
  check_all(shape(3, 70, 33, 40));
  check_all(shape(2, 160, 170, 160));
}

TEST(Gemm, RepeatsOperandsOfStrideZero) {
  Gemm g = shape(4, 9, 20, 11);
  g.stride_b = 0;
  check_all(g);
  g.stride_a = 0;
  check_all(g);
  g.stride_b = g.k * g.n;
  check_all(g);
}

TEST(Gemm, EmptySumIsZero) {
  Gemm g = shape(2, 3, 4, 0);
  check(g);
  g.accumulate = true;
  check(g);
}

TEST(Gemm, EmptyProductWritesNothing) {
  check(shape(0, 3, 4, 5));
  check(shape(2, 0, 4, 5));
  check(shape(2, 3, 0, 5));
}

/// Rows of a matrix are often samples: their bits must not depend on how many there are nor on
/// where they stand.
void check_rows(Index n, Index k, bool transpose_b) {
  SCOPED_TRACE(testing::Message() << "n " << n << " k " << k << " transpose_b " << transpose_b);
  constexpr Index most = 260;
  const Values a = values(4, most * k), b = values(5, k * n);
  Gemm g = shape(1, most, n, k);
  g.transpose_b = transpose_b;
  Values all(static_cast<std::size_t>(most * n));
  gemm(Device::cpu, g, a.data(), b.data(), all.data());
  for (const Index m : {1, 2, 17, 64}) {
    g.m = m;
    for (const Index first : {0, 1, 31, 95, 190, 196}) {
      Values some(static_cast<std::size_t>(m * n));
      gemm(Device::cpu, g, a.data() + first * k, b.data(), some.data());
      expect_same_bits(some.data(), all.data() + first * n, m * n,
                       "rows " + std::to_string(first) + " and " + std::to_string(m) + " more");
    }
  }
}

TEST(Gemm, RowsDoNotDependOnTheBatch) {
  for (const bool transpose_b : {false, true}) {
    check_rows(1, 7, transpose_b);
    check_rows(16, 144, transpose_b);
    check_rows(33, 300, transpose_b);
    check_rows(64, 64, transpose_b);
    check_rows(128, 512, transpose_b);
    check_rows(512, 512, transpose_b);
    check_rows(600, 1030, transpose_b);
  }
}

}  // namespace
}  // namespace ito::kernels::test
