#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "everywhere.h"
#include "kernels/kernels.h"

namespace ito::kernels::test {
namespace {

using Exacts = std::vector<Exact>;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

Exacts exact(const Values& v) { return {v.begin(), v.end()}; }

Exacts softmax_of(const Exacts& x, Index n, bool logarithm) {
  Exacts y(x.size());
  for (std::size_t row = 0; row < x.size(); row += at(n)) {
    Exact largest = x[row], sum = 0;
    for (std::size_t i = row; i < row + at(n); ++i) largest = std::max(largest, x[i]);
    for (std::size_t i = row; i < row + at(n); ++i) sum += std::exp(x[i] - largest);
    for (std::size_t i = row; i < row + at(n); ++i) {
      const Exact l = x[i] - largest - std::log(sum);
      y[i] = logarithm ? l : std::exp(l);
    }
  }
  return y;
}

/// exp within 4 u; x - max of size up to `range` costs range u; a sum of n terms at most
/// (n / 16 + 4) u in sixteen lanes; some roundings more.
Exact softmax_bound(Index n, Exact range) {
  return roundoff * (range + static_cast<Exact>(n) / 16 + 20);
}

TEST(Softmax, IsTheDefinition) {
  for (const Index n : {1, 2, 10, 15, 16, 17, 64, 1000}) {
    SCOPED_TRACE(n);
    const Index rows = n > 100 ? 3 : 37;
    Values x = values(at(n), rows * n);
    for (Real& value : x) value *= 10;
    const std::vector<Result> results = run_everywhere({x, x}, [&](const std::vector<Real*>& y) {
      softmax(Device::cpu, x.data(), y[0], rows, n);
      log_softmax(Device::cpu, x.data(), y[1], rows, n);
    });
    expect_close(results, 0, softmax_of(exact(x), n, false), softmax_bound(n, 20));
    // The logarithm's own rounding is relative to results of up to 20 + log n.
    expect_close(results, 1, softmax_of(exact(x), n, true), softmax_bound(n, 20) + 60 * roundoff);
  }
}

TEST(Softmax, LargeValuesDoNotOverflow) {
  const Values x = {Real(3e4), Real(3e4), Real(-3e4), Real(1000), Real(1000), Real(1000)};
  const std::vector<Result> results = run_everywhere({x, x}, [&](const std::vector<Real*>& y) {
    softmax(Device::cpu, x.data(), y[0], 2, 3);
    log_softmax(Device::cpu, x.data(), y[1], 2, 3);
  });
  const Exact third = Exact(1) / 3;
  expect_close(results, 0, {0.5L, 0.5L, 0, third, third, third}, 4 * roundoff);
  const Exact l2 = std::log(Exact(2)), l3 = std::log(Exact(3));
  expect_close(
      results, 1, {-l2, -l2, -6e4L - l2, -l3, -l3, -l3},
      {4 * roundoff, 4 * roundoff, 6e4L * 4 * roundoff, 4 * roundoff, 4 * roundoff, 4 * roundoff});
}

TEST(LogSumExp, IsTheDefinition) {
  for (const Index n : {1, 2, 15, 16, 17, 64, 1000}) {
    SCOPED_TRACE(n);
    const Index rows = n > 100 ? 3 : 37;
    const Values x = values(at(n), rows * n), shift = values(at(n) + 1, n);
    const Real scale = -40;  // exponents from -41 to 41
    Exacts sums(at(rows), 0);
    for (Index i = 0; i < rows * n; ++i)
      sums[at(i / n)] += std::exp(Exact(shift[at(i % n)]) + Exact(scale) * Exact(x[at(i)]));
    for (Exact& sum : sums) sum = std::log(sum);
    const std::vector<Result> results =
        run_everywhere({Values(at(rows))}, [&](const std::vector<Real*>& y) {
          log_sum_exp(Device::cpu, x.data(), shift.data(), scale, y[0], rows, n);
        });
    // An exponent of up to 41 is rounded twice, the result of up to 41 + log n once.
    expect_close(results, 0, sums, softmax_bound(n, 3 * 41 + 7));
  }
}

TEST(LogSumExp, LargeExponentsDoNotOverflow) {
  const Values x = {Real(3e4), Real(3e4), Real(-3e4), Real(-3e4)}, shift = {0, 0};
  const std::vector<Result> results = run_everywhere({{0, 0}}, [&](const std::vector<Real*>& y) {
    log_sum_exp(Device::cpu, x.data(), shift.data(), Real(1), y[0], 2, 2);
  });
  const Exact l2 = std::log(Exact(2));
  expect_close(results, 0, {3e4L + l2, -3e4L + l2}, 3e4L * 4 * roundoff);
}

struct Case {
  Attention s;
  Values q, k, v, dy;
  explicit Case(Attention attention)
      : s(attention),
        q(values(1, s.B * s.T * s.D)),
        k(values(2, s.B * s.M * s.D)),
        v(values(3, s.B * s.M * s.E)),
        dy(values(4, s.B * s.T * s.E)) {}
};

Exacts forward(const Attention& s, const Exacts& q, const Exacts& k, const Exacts& v) {
  Exacts y(at(s.B * s.T * s.E), 0);
  for (Index row = 0; row < s.B * s.T; ++row) {
    const Index b = row / s.T;
    Exacts score(at(s.M), 0);
    for (Index m = 0; m < s.M; ++m) {
      for (Index d = 0; d < s.D; ++d) {
        score[at(m)] +=
            static_cast<Exact>(s.scale) * q[at(row * s.D + d)] * k[at((b * s.M + m) * s.D + d)];
      }
    }
    const Exacts p = softmax_of(score, s.M, false);
    for (Index m = 0; m < s.M; ++m) {
      for (Index e = 0; e < s.E; ++e) {
        y[at(row * s.E + e)] += p[at(m)] * v[at((b * s.M + m) * s.E + e)];
      }
    }
  }
  return y;
}

/// Scores are sums of D products of magnitude below scale; their error, D^2 scale u at most, passes
/// through the softmax; probabilities sum to one, so y adds M u.
Exact bound(const Attention& s) {
  const Exact scores = static_cast<Exact>(s.D * s.D) * static_cast<Exact>(s.scale);
  return 4 * roundoff * (2 * scores + static_cast<Exact>(s.M) + static_cast<Exact>(s.D) + 40);
}

void check(const Attention& s) {
  SCOPED_TRACE(testing::Message() << "B " << s.B << " T " << s.T << " M " << s.M << " D " << s.D
                                  << " E " << s.E);
  const Case c(s);
  const std::vector<Result> results =
      run_everywhere({Values(c.dy.size())}, [&](const std::vector<Real*>& y) {
        attention(Device::cpu, s, c.q.data(), c.k.data(), c.v.data(), y[0], nullptr);
      });
  expect_close(results, 0, forward(s, exact(c.q), exact(c.k), exact(c.v)), bound(s));
}

/// Central differences of sum(dy y); h^2 and the roundoff of long double over h are near 1e-11.
Exacts slopes(const Case& c, int input) {
  Exacts inputs[3] = {exact(c.q), exact(c.k), exact(c.v)};
  Exacts& x = inputs[input];
  Exacts result(x.size());
  const Exact h = 1e-5L;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Exact middle = x[i];
    Exact difference = 0;
    for (const Exact side : {Exact(1), Exact(-1)}) {
      x[i] = middle + side * h;
      const Exacts y = forward(c.s, inputs[0], inputs[1], inputs[2]);
      for (std::size_t j = 0; j < y.size(); ++j) {
        difference += side * static_cast<Exact>(c.dy[j]) * y[j];
      }
    }
    x[i] = middle;
    result[i] = difference / (2 * h);
  }
  return result;
}

void check_grad(const Attention& s) {
  SCOPED_TRACE(testing::Message() << "B " << s.B << " T " << s.T << " M " << s.M << " D " << s.D
                                  << " E " << s.E);
  const Case c(s);
  const std::vector<Result> results =
      run_everywhere({Values(c.q.size()), Values(c.k.size()), Values(c.v.size())},
                     [&](const std::vector<Real*>& d) {
                       attention_grad(Device::cpu, s, c.q.data(), c.k.data(), c.v.data(), nullptr,
                                      c.dy.data(), d[0], d[1], d[2]);
                     });
  // Each gradient is a sum over T queries, M keys or E features of terms below one.
  const auto terms = static_cast<Exact>(s.T + s.M + s.E);
  for (int input = 0; input < 3; ++input) {
    expect_close(results, static_cast<std::size_t>(input), slopes(c, input),
                 1e-9L + terms * bound(s));
  }
}

TEST(Attention, IsTheDefinition) {
  check({1, 1, 1, 1, 1, 1});
  check({3, 5, 7, 4, 6, 0.5});
  check({17, 16, 16, 32, 32, 0.25});
  check({2, 100, 65, 9, 17, 0.3});
  check({1, 200, 300, 20, 5, 0.2});
}

TEST(Attention, GradientIsTheSlope) {
  check_grad({1, 1, 1, 1, 1, 1});
  check_grad({2, 3, 5, 4, 6, 0.5});
  check_grad({1, 9, 9, 8, 8, 0.35});
  check_grad({3, 7, 2, 5, 1, 0.45});
}

// Keeping the probabilities changes no bit.
TEST(Attention, KeepsTheProbabilities) {
  for (const Attention& s : {Attention{3, 5, 7, 4, 6, 0.5}, Attention{9, 200, 65, 9, 17, 0.3}}) {
    const Case c(s);
    Values y(c.dy.size()), kept_y(y), p(at(s.B * s.T * s.M));
    attention(Device::cpu, s, c.q.data(), c.k.data(), c.v.data(), y.data(), nullptr);
    attention(Device::cpu, s, c.q.data(), c.k.data(), c.v.data(), kept_y.data(), p.data());
    expect_same_bits(kept_y.data(), y.data(), static_cast<Index>(y.size()), "y");
    std::vector<Values> d[2];
    for (int kept = 0; kept < 2; ++kept) {
      d[kept] = {Values(c.q.size()), Values(c.k.size()), Values(c.v.size())};
      attention_grad(Device::cpu, s, c.q.data(), c.k.data(), c.v.data(),
                     kept == 0 ? nullptr : p.data(), c.dy.data(), d[kept][0].data(),
                     d[kept][1].data(), d[kept][2].data());
    }
    for (std::size_t i = 0; i < 3; ++i)
      expect_same_bits(d[1][i].data(), d[0][i].data(), static_cast<Index>(d[0][i].size()),
                       "gradient " + std::to_string(i));
  }
}

TEST(Attention, ElementsDoNotDependOnTheBatch) {
  const Case c({17, 16, 16, 24, 24, 0.2});
  Values all(c.dy.size());
  attention(Device::cpu, c.s, c.q.data(), c.k.data(), c.v.data(), all.data(), nullptr);
  Attention one = c.s;
  one.B = 1;
  const Index size = one.T * one.E;
  for (Index b = 0; b < c.s.B; ++b) {
    Values y(at(size));
    attention(Device::cpu, one, c.q.data() + b * size, c.k.data() + b * size, c.v.data() + b * size,
              y.data(), nullptr);
    expect_same_bits(y.data(), all.data() + b * size, size, "element " + std::to_string(b));
  }
}

}  // namespace
}  // namespace ito::kernels::test
