// Sinkhorn's algorithm against exact assignment, closed forms, and its own definition.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "diffusion/soft/sinkhorn.h"
#include "engine/ops.h"
#include "engine/random.h"
#include "kernels/threads.h"
#include "statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

using CostMatrix = std::vector<std::vector<double>>;

Tensor sinkhorn_points(Index n, const std::vector<double>& mean, const std::vector<double>& std,
                       std::uint64_t seed) {
  const auto D = static_cast<Index>(mean.size());
  const std::vector<Real> m(mean.begin(), mean.end()), s(std.begin(), std.end());
  const Tensor z = random_normal({n, D}, {.seed = seed, .purpose = Purpose::probe});
  return z * Tensor({1, D}, s) + Tensor({1, D}, m);
}

CostMatrix sinkhorn_costs(const Tensor& x, const Tensor& y) {
  const test::Rows a = test::rows(x), b = test::rows(y);
  CostMatrix C;
  for (const auto& p : a) {
    C.emplace_back();
    for (const auto& q : b) {
      double squared = 0;
      for (std::size_t k = 0; k < p.size(); ++k) squared += (p[k] - q[k]) * (p[k] - q[k]);
      C.back().push_back(squared);
    }
  }
  return C;
}

double mean_sinkhorn_cost(const CostMatrix& C) {
  double total = 0;
  for (const auto& row : C)
    for (const double c : row) total += c / static_cast<double>(row.size());
  return total / static_cast<double>(C.size());
}

/// The cheapest assignment of rows to columns, divided by their number: the Hungarian algorithm in
/// O(n^3), rows added one by one along shortest augmenting paths (Kuhn 1955; Jonker and Volgenant
/// 1987).
double exact_assignment(const CostMatrix& C) {
  const std::size_t n = C.size();
  std::vector<double> u(n + 1, 0), v(n + 1, 0);
  std::vector<std::size_t> row_of(n + 1, 0), before(n + 1, 0);  // columns from 1; 0: none
  for (std::size_t row = 1; row <= n; ++row) {
    std::vector<double> slack(n + 1, std::numeric_limits<double>::infinity());
    std::vector<bool> done(n + 1, false);
    std::size_t column = 0;
    row_of[0] = row;
    while (row_of[column] != 0) {
      done[column] = true;
      std::size_t next = 0;
      double delta = std::numeric_limits<double>::infinity();
      for (std::size_t j = 1; j <= n; ++j) {
        if (done[j]) continue;
        const std::size_t i = row_of[column];
        const double reduced = C[i - 1][j - 1] - u[i] - v[j];
        if (reduced < slack[j]) slack[j] = reduced, before[j] = column;
        if (slack[j] < delta) delta = slack[j], next = j;
      }
      for (std::size_t j = 0; j <= n; ++j) {
        if (done[j])
          u[row_of[j]] += delta, v[j] -= delta;
        else
          slack[j] -= delta;
      }
      column = next;
    }
    for (; column != 0; column = before[column]) row_of[column] = row_of[before[column]];
  }
  double total = 0;
  for (std::size_t j = 1; j <= n; ++j) total += C[row_of[j] - 1][j - 1];
  return total / static_cast<double>(n);
}

TEST(Hungarian, IsTheBestOfAllPermutations) {
  const CostMatrix C =
      sinkhorn_costs(sinkhorn_points(6, {0, 0}, {1, 1}, 1), sinkhorn_points(6, {1, 0}, {1, 2}, 2));
  std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
  double best = std::numeric_limits<double>::infinity();
  do {
    double total = 0;
    for (std::size_t i = 0; i < 6; ++i) total += C[i][order[i]];
    best = std::min(best, total / 6);
  } while (std::ranges::next_permutation(order).found);
  EXPECT_NEAR(exact_assignment(C), best, 1e-12);
}

/// The entropy of a plan between n and n points is 0 to log n, and that of the assignment log n:
///   W <= OT_r <= W + r log n,   |S - W| <= r log n.
/// Beside that only the marginals' tolerance, each point of which may cost what the largest
/// distance does, and rounding of 1e-5 of that.
TEST(Sinkhorn, BoundsTheExactAssignment) {
  const Index n = 40;
  const Tensor x = sinkhorn_points(n, {0, 0, 0}, {1, 1, 1}, 3),
               y = sinkhorn_points(n, {1, 0, 0}, {1, 2, 0.5}, 4);
  const CostMatrix C = sinkhorn_costs(x, y);
  double largest = 0;
  for (const auto& row : C) largest = std::max(largest, *std::ranges::max_element(row));
  const double W = exact_assignment(C);
  for (const double regularisation : {0.1, 1e-2, 2e-3}) {
    SCOPED_TRACE(regularisation);
    const SinkhornOptions options = {
        .regularisation = regularisation, .tolerance = 1e-4, .max_iterations = 100000};
    const double slack = (options.tolerance + 1e-5) * largest;
    const Transport t = sinkhorn(x, y, options);
    EXPECT_NEAR(t.regularisation / (regularisation * mean_sinkhorn_cost(C)), 1, 1e-5);
    const double width = t.regularisation * std::log(static_cast<double>(n));
    EXPECT_GE(t.value, W - slack);
    EXPECT_LE(t.value, W + width + slack);
    EXPECT_NEAR(sinkhorn_divergence(x, y, options), W, width + slack);
  }
}

/// The plan of the potentials: its sums as promised, and the value by its definition.
TEST(Sinkhorn, PlanHasTheMarginalsAndTheValue) {
  const Index N = 30, M = 50;
  const Tensor x = sinkhorn_points(N, {0, 0}, {1, 1}, 5), y = sinkhorn_points(M, {1, 0}, {1, 2}, 6);
  const SinkhornOptions options = {.regularisation = 0.05, .tolerance = 1e-4};
  const Transport t = sinkhorn(x, y, options);
  const CostMatrix C = sinkhorn_costs(x, y);
  std::vector<double> columns(M, 0);
  double off_rows = 0, off_columns = 0, value = 0;
  for (std::size_t i = 0; i < N; ++i) {
    double row = 0;
    for (std::size_t j = 0; j < M; ++j) {
      const double exponent = (t.f.data()[i] + t.g.data()[j] - C[i][j]) / t.regularisation;
      const double P = std::exp(exponent) / static_cast<double>(N * M);
      row += P;
      columns[j] += P;
      value += P * C[i][j] + t.regularisation * P * exponent;
    }
    off_rows += std::abs(row - 1.0 / N);
  }
  for (const double column : columns) off_columns += std::abs(column - 1.0 / M);
  EXPECT_NEAR(std::max(off_rows, off_columns), t.violation, 2e-5);
  // Rounding of an exponent of up to 100: 1e-5.
  EXPECT_LE(off_rows, options.tolerance + 2e-5);
  EXPECT_LE(off_columns, options.tolerance + 2e-5);
  EXPECT_NEAR(t.value, value, 2e-4 * mean_sinkhorn_cost(C));
}

/// OT_r between Gaussians with diagonal covariances (Janati, Muzellec, Peyre and Cuturi 2020,
/// theorem 1, with r = 2 sigma^2): |a - b|^2 + sum over the axes of
///   v + w - d + s (1 - log 2 s) + s log(d + s),  d = sqrt(4 v w + s^2), s = r / 2.
double gaussian_transport(double squared_means, const std::vector<double>& std_x,
                          const std::vector<double>& std_y, double r) {
  double total = squared_means;
  for (std::size_t k = 0; k < std_x.size(); ++k) {
    const double v = std_x[k] * std_x[k], w = std_y[k] * std_y[k], s = r / 2;
    const double d = std::sqrt(4 * v * w + s * s);
    total += v + w - d + s * (1 - std::log(2 * s)) + s * std::log(d + s);
  }
  return total;
}

/// Samples of 200 and of 100, 40 times. The bias of a sample of n is c / n to first order, so twice
/// the one less the other has none; its mean is within 4 standard errors of the closed form.
TEST(Sinkhorn, IsTheClosedFormForGaussians) {
  const std::vector<double> m_x = {0, 0}, m_y = {0.7, -0.2}, s_x = {1, 0.5}, s_y = {0.6, 1.2};
  const double squared_means = 0.49 + 0.04, traces = 1 + 0.25 + 0.36 + 1.44;
  const SinkhornOptions options = {.regularisation = 0.2};
  const double r = options.regularisation * (squared_means + traces);
  const double exact = gaussian_transport(squared_means, s_x, s_y, r);
  const double own = (gaussian_transport(0, s_x, s_x, r) + gaussian_transport(0, s_y, s_y, r)) / 2;
  std::vector<double> values, divergences;
  for (std::uint64_t k = 0; k < 40; ++k) {
    const auto pair = [&](Index n, const auto& f) {
      return f(sinkhorn_points(n, m_x, s_x, 100 + 4 * k),
               sinkhorn_points(n, m_y, s_y, 102 + 4 * k));
    };
    const auto value = [&](const Tensor& x, const Tensor& y) {
      return sinkhorn(x, y, options).value;
    };
    const auto divergence = [&](const Tensor& x, const Tensor& y) {
      return sinkhorn_divergence(x, y, options);
    };
    values.push_back(2 * pair(200, value) - pair(100, value));
    divergences.push_back(2 * pair(200, divergence) - pair(100, divergence));
  }
  EXPECT_LE(std::abs(test::z_score(values, exact)), 4);
  EXPECT_LE(std::abs(test::z_score(divergences, exact - own)), 4);
  // The error is small enough to tell the value from the distance without regularisation.
  EXPECT_GE(std::abs(test::z_score(values, squared_means + 0.16 + 0.49)), 4);
}

/// S(x, x + v) = |v|^2 whatever the points and r: the cost only gains |v|^2 + 2 v (y - x), which
/// potentials take up. Up to the marginals' tolerance, 3e-4 of a cost of 10.
TEST(Sinkhorn, DivergenceOfATranslationIsItsSquare) {
  const Tensor x = sinkhorn_points(60, {0, 0, 0}, {1, 2, 0.3}, 7);
  const Tensor v({1, 3}, std::vector<Real>{Real(0.5), Real(-1), Real(0.25)});
  for (const double regularisation : {0.1, 0.03, 0.01}) {
    const SinkhornOptions options = {.regularisation = regularisation, .tolerance = 3e-4};
    EXPECT_NEAR(sinkhorn_divergence(x, x + v, options), 0.25 + 1 + 0.0625, 3e-4 * 10);
  }
  EXPECT_EQ(sinkhorn_divergence(x, x), 0);
}

TEST(Sinkhorn, ScalesWithThePoints) {
  const Tensor x = sinkhorn_points(40, {0, 0}, {1, 1}, 8),
               y = sinkhorn_points(50, {1, 0}, {2, 1}, 9);
  // By a power of two: the same bits, scaled.
  EXPECT_EQ(sinkhorn_divergence(x * 4, y * 4), 16 * sinkhorn_divergence(x, y));
}

TEST(Sinkhorn, SetsOfDifferentSizes) {
  const Tensor x({1, 1}, std::vector<Real>{0}), y({2, 1}, std::vector<Real>{-1, 1});
  EXPECT_NEAR(sinkhorn(x, y).value, 1, 1e-6);  // there is only one plan
  EXPECT_NEAR(sinkhorn(y, x).value, 1, 1e-6);
  EXPECT_NEAR(sinkhorn_divergence(x, x), 0, 1e-12);  // all costs are 0
}

TEST(Sinkhorn, SameBitsForAnyNumberOfThreads) {
  const Tensor x = sinkhorn_points(130, {0, 0, 1}, {1, 1, 1}, 10),
               y = sinkhorn_points(140, {1, 0, 0}, {2, 1, 1}, 11);
  const int before = kernels::threads();
  kernels::set_threads(1);
  const SinkhornOptions options = {.regularisation = 0.03};
  const double alone = sinkhorn_divergence(x, y, options);
  for (const int threads : {2, 3}) {
    kernels::set_threads(threads);
    EXPECT_EQ(sinkhorn_divergence(x, y, options), alone);
  }
  kernels::set_threads(before);
}

TEST(Sinkhorn, SaysWhatIsWrong) {
  const Tensor x = sinkhorn_points(10, {0, 0}, {1, 1}, 12), y = sinkhorn_points(10, {1}, {1}, 13);
  test::expect_error([&] { sinkhorn(x, y); }, {"[10, 2]", "[10, 1]"});
  const Tensor bad({1, 2}, std::vector<Real>{0, std::numeric_limits<Real>::quiet_NaN()});
  test::expect_error([&] { sinkhorn(x, bad); }, {"finite"});
  test::expect_error([&] { sinkhorn(x, x, {.regularisation = 0}); }, {"above 0"});
  const Tensor z = sinkhorn_points(10, {3, 0}, {1, 1}, 14);
  test::expect_error(
      [&] { sinkhorn(x, z, {.regularisation = 1e-4, .tolerance = 1e-9, .max_iterations = 2}); },
      {"after 2 iterations", "larger regularisation"});
}

}  // namespace
}  // namespace ito
