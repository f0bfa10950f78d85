#include <gtest/gtest.h>

#include <cmath>

#include "everywhere.h"
#include "kernels/kernels.h"
#include "kernels/threads.h"

namespace ito::kernels::test {
namespace {

using Exacts = std::vector<Exact>;

/// Kingma & Ba 2015, algorithm 1.
void adam_reference(const Adam& a, Exacts& p, const Values& g, Exacts& m, Exacts& v) {
  for (std::size_t i = 0; i < p.size(); ++i) {
    const Exact gradient = static_cast<Exact>(a.gradient_scale) * static_cast<Exact>(g[i]) +
                           static_cast<Exact>(a.weight_decay) * p[i];
    const auto b1 = static_cast<Exact>(a.beta1), b2 = static_cast<Exact>(a.beta2);
    m[i] = b1 * m[i] + (1 - b1) * gradient;
    v[i] = b2 * v[i] + (1 - b2) * gradient * gradient;
    const Exact m_hat = m[i] / static_cast<Exact>(a.correction1);
    const Exact v_hat = v[i] / static_cast<Exact>(a.correction2);
    p[i] -= static_cast<Exact>(a.learning_rate) * m_hat /
            (std::sqrt(v_hat) + static_cast<Exact>(a.eps));
  }
}

void check_adam(Index n, double weight_decay, double gradient_scale) {
  SCOPED_TRACE(testing::Message() << n << " elements, decay " << weight_decay);
  Adam a;
  a.learning_rate = 1e-2;
  a.weight_decay = weight_decay;
  a.gradient_scale = gradient_scale;
  const Values p = values(1, n);
  const int steps = 3;
  const auto step = [&](int t) {
    a.correction1 = 1 - std::pow(a.beta1, t);
    a.correction2 = 1 - std::pow(a.beta2, t);
  };
  const auto gradient = [&](int t) { return values(10 + static_cast<std::uint64_t>(t), n); };
  const Values zeros(p.size(), 0);
  const std::vector<Result> results =
      run_everywhere({p, zeros, zeros}, [&](const std::vector<Real*>& y) {
        for (int t = 1; t <= steps; ++t) {
          step(t);
          const Values g = gradient(t);
          adam(Device::cpu, a, y[0], g.data(), y[1], y[2], nullptr, n);
        }
      });
  Exacts p_exact(p.begin(), p.end()), m(p.size(), 0), v(p.size(), 0);
  for (int t = 1; t <= steps; ++t) {
    step(t);
    adam_reference(a, p_exact, gradient(t), m, v);
  }
  // Every quantity is below two; a step rounds about ten times.
  const Exact bound = 20 * steps * roundoff;
  expect_close(results, 0, p_exact, bound);
  expect_close(results, 1, m, bound);
  expect_close(results, 2, v, bound);
}

TEST(Adam, IsThePublishedAlgorithm) {
  check_adam(1, 0, 1);
  check_adam(37, 0, 1);
  check_adam(40000, 0.1, 0.5);
}

TEST(Ema, MovesByTheRate) {
  const Values average = values(1, 20000), p = values(2, 20000);
  const std::vector<Result> results = run_everywhere({average}, [&](const std::vector<Real*>& y) {
    ema(Device::cpu, y[0], p.data(), 20000, 0.001);
  });
  Exacts expected;
  for (std::size_t i = 0; i < p.size(); ++i) {
    expected.push_back(0.999L * static_cast<Exact>(average[i]) + 0.001L * static_cast<Exact>(p[i]));
  }
  // values below one: the last sum rounds by u, the rate and its product add a few thousandths of
  // it
  expect_close(results, 0, expected, 1.01L * roundoff);
}

TEST(Adam, MovesTheAverageAsEmaDoes) {
  const Index n = 20000;
  const Values p = values(1, n), g = values(2, n), average = values(3, n);
  const Values zeros(p.size(), 0);
  const Adam a = {.learning_rate = 0.1, .average_rate = 0.01};
  const auto together = run_everywhere({p, zeros, zeros, average}, [&](auto& y) {
    adam(Device::cpu, a, y[0], g.data(), y[1], y[2], y[3], n);
  });
  const auto apart = run_everywhere({p, zeros, zeros, average}, [&](auto& y) {
    adam(Device::cpu, a, y[0], g.data(), y[1], y[2], nullptr, n);
    ema(Device::cpu, y[3], y[0], n, a.average_rate);
  });
  for (std::size_t i = 0; i < together.size(); ++i) {
    EXPECT_EQ(together[i].outputs, apart[i].outputs) << together[i].level;
  }
}

TEST(SumSquares, IsExactToDouble) {
  for (const Index n : {0, 1, 15, 16, 17, 1000, 16384, 100003}) {
    SCOPED_TRACE(n);
    const Values x = values(5, n);
    Exact expected = 0;
    for (const Real value : x) expected += static_cast<Exact>(value) * static_cast<Exact>(value);
    const int threads_before = threads();
    double first = -1;
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      double y = -1;
      sum_squares(Device::cpu, x.data(), &y, n);
      // runs of 1024 terms in each lane at most, then the pieces: far below 2000 roundings
      EXPECT_NEAR(y, static_cast<double>(expected), 2000 * 0x1p-53 * static_cast<double>(expected));
      if (first < 0) first = y;
      EXPECT_EQ(first, y);
    }
    set_threads(threads_before);
  }
}

}  // namespace
}  // namespace ito::kernels::test
