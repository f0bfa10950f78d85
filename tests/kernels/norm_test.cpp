#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <utility>

#include "everywhere.h"
#include "kernels/kernels.h"
#include "kernels/memory.h"

namespace ito::kernels::test {
namespace {

using Exacts = std::vector<Exact>;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

struct Case {
  Norm s;
  Values x, gamma, beta, dy;
  bool affine;
  Case(Norm norm, bool with_affine, Real offset)
      : s(norm),
        x(values(1, s.N * s.S * s.C)),
        gamma(values(2, s.C)),
        beta(values(3, s.C)),
        dy(values(4, s.N * s.S * s.C)),
        affine(with_affine) {
    for (Real& value : x) value += offset;
  }
  Index group(std::size_t i) const {
    const Index c = static_cast<Index>(i) % s.C;
    return static_cast<Index>(i) / (s.S * s.C) * s.G + c / (s.C / s.G);
  }
  Exact scale(std::size_t i) const { return affine ? gamma[i % at(s.C)] : Exact(1); }
  Exact shift(std::size_t i) const { return affine ? beta[i % at(s.C)] : Exact(0); }
};

struct Forward {
  Exacts mean, rstd, y;
};

Forward forward(const Case& c, const Exacts& x) {
  const Index width = c.s.C / c.s.G;
  const auto count = static_cast<Exact>(c.s.S * width);
  Forward f{Exacts(at(c.s.N * c.s.G), 0), Exacts(at(c.s.N * c.s.G), 0), Exacts(x.size())};
  for (std::size_t i = 0; i < x.size(); ++i) f.mean[at(c.group(i))] += x[i] / count;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Exact d = x[i] - f.mean[at(c.group(i))];
    f.rstd[at(c.group(i))] += d * d / count;
  }
  for (Exact& r : f.rstd) r = 1 / std::sqrt(r + static_cast<Exact>(c.s.eps));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t g = at(c.group(i));
    f.y[i] = (x[i] - f.mean[g]) * f.rstd[g] * c.scale(i) + c.shift(i);
  }
  return f;
}

std::vector<Result> run_forward(const Case& c) {
  const Norm s = c.s;
  return run_everywhere({Values(c.x.size()), Values(at(s.N * s.G)), Values(at(s.N * s.G))},
                        [&](const std::vector<Real*>& out) {
                          group_norm(Device::cpu, s, c.x.data(),
                                     c.affine ? c.gamma.data() : nullptr,
                                     c.affine ? c.beta.data() : nullptr, out[0], out[1], out[2]);
                        });
}

/// With values of magnitude |offset| + 1 and variance 1/3, rstd is below 2: rounding x, the mean
/// and their difference costs a few u (|offset| + 1) each, times rstd and the largest |y|; runs of
/// at most 64 terms are summed in Real, which the statistics feel as 64 u.
Exact tolerance(Real offset) {
  return 200 * roundoff * (std::fabs(static_cast<Exact>(offset)) + 1);
}

void check(Norm s, bool affine, Real offset = 0) {
  SCOPED_TRACE(testing::Message() << "N " << s.N << " S " << s.S << " C " << s.C << " G " << s.G
                                  << " affine " << affine << " offset " << offset);
  const Case c(s, affine, offset);
  const std::vector<Result> results = run_forward(c);
  const Forward f = forward(c, {c.x.begin(), c.x.end()});
  // A group of nearly equal values amplifies the error of its x by its own rstd.
  Exacts y_bound(c.x.size()), rstd_bound(f.rstd.size());
  for (std::size_t g = 0; g < f.rstd.size(); ++g) {
    rstd_bound[g] = tolerance(offset) * f.rstd[g] * (1 + f.rstd[g]);
  }
  for (std::size_t i = 0; i < c.x.size(); ++i) {
    const std::size_t g = at(c.group(i));
    y_bound[i] = tolerance(offset) * (1 + f.rstd[g]) * (1 + f.rstd[g]);
  }
  expect_close(results, 0, f.y, y_bound);
  expect_close(results, 1, f.mean, tolerance(offset));
  expect_close(results, 2, f.rstd, rstd_bound);
}

/// The derivative of sum(dy y) by central differences of the definition; h^2 and the roundoff of
/// long double over h are both near 1e-11.
Exact slope(const Case& c, Exacts x, std::size_t i) {
  const Exact h = 1e-5L;
  Exact sums[2];
  for (int side = 0; side < 2; ++side) {
    x[i] = static_cast<Exact>(c.x[i]) + (side == 0 ? h : -h);
    const Forward f = forward(c, x);
    sums[side] = 0;
    for (std::size_t j = 0; j < x.size(); ++j) sums[side] += static_cast<Exact>(c.dy[j]) * f.y[j];
  }
  return (sums[0] - sums[1]) / (2 * h);
}

void check_grad(Norm s, bool affine, Real offset = 0) {
  SCOPED_TRACE(testing::Message() << "N " << s.N << " S " << s.S << " C " << s.C << " G " << s.G
                                  << " affine " << affine << " offset " << offset);
  const Case c(s, affine, offset);
  const Exacts x(c.x.begin(), c.x.end());
  const Forward f = forward(c, x);
  const Values mean(f.mean.begin(), f.mean.end()), rstd(f.rstd.begin(), f.rstd.end());
  const std::vector<Result> results = run_everywhere(
      {Values(x.size()), Values(at(s.C)), Values(at(s.C))}, [&](const std::vector<Real*>& out) {
        group_norm_grad(Device::cpu, s, c.x.data(), affine ? c.gamma.data() : nullptr,
                        affine ? c.beta.data() : nullptr, mean.data(), rstd.data(), c.dy.data(),
                        out[0], affine ? out[1] : nullptr, affine ? out[2] : nullptr);
      });
  Exacts dx(x.size()), bound(x.size()), dgamma(at(s.C), 0), dbeta(at(s.C), 0);
  Exact largest = 0;
  for (const Exact r : f.rstd) largest = std::max(largest, r);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t g = at(c.group(i));
    dx[i] = slope(c, x, i);
    bound[i] = 1e-9L + 4 * tolerance(offset) * (1 + largest) * (1 + largest) * (1 + largest);
    if (!affine) continue;
    dgamma[i % at(s.C)] += static_cast<Exact>(c.dy[i]) * (x[i] - f.mean[g]) * f.rstd[g];
    dbeta[i % at(s.C)] += static_cast<Exact>(c.dy[i]);
  }
  expect_close(results, 0, dx, bound);
  const auto terms = static_cast<Exact>(s.N * s.S);
  expect_close(results, 1, dgamma, tolerance(offset) * (1 + largest) * (1 + largest) * terms);
  expect_close(results, 2, dbeta, tolerance(0) * terms);
}

TEST(GroupNorm, IsTheDefinition) {
  for (const bool affine : {true, false}) {
    check({3, 64, 32, 8, 1e-6}, affine);
    check({2, 17, 6, 6, 1e-6}, affine);  // one channel a group
    check({2, 16, 5, 1, 1e-5}, affine);  // one group
    check({1, 1, 12, 3, 1e-6}, affine);  // one position
    check({2, 9, 130, 13, 1e-6}, affine);
    check({1, 300, 400, 2, 1e-6}, affine);  // groups wider than a piece
  }
}

TEST(GroupNorm, KeepsItsAccuracyFarFromZero) { check({2, 256, 16, 4, 1e-6}, true, 100); }

TEST(GroupNorm, ConstantGroupGivesBeta) {
  Case c({1, 7, 4, 2, 1e-6}, true, 0);
  std::fill(c.x.begin(), c.x.end(), Real(3));
  Exacts y(c.x.size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = c.shift(i);
  const std::vector<Result> results = run_forward(c);
  expect_close(results, 0, y, 0);
  expect_close(results, 2, Exacts(2, 1000), 1000 * 4 * roundoff);  // 1 / sqrt(eps)
}

TEST(GroupNorm, GradientIsTheSlope) {
  for (const bool affine : {true, false}) {
    check_grad({2, 9, 8, 4, 1e-6}, affine);
    check_grad({1, 12, 3, 3, 1e-5}, affine);
    check_grad({3, 5, 10, 1, 1e-6}, affine);
    check_grad({1, 70, 6, 2, 1e-6}, affine);
    check_grad({1, 1, 135, 9, 1e-6}, affine);
  }
  check_grad({1, 20, 4, 2, 1e-6}, true, 50);
}

TEST(GroupNorm, ImagesDoNotDependOnTheBatch) {
  for (const Index N : {2, 17, 64}) {
    const Case c({N, 16, 24, 4, 1e-6}, true, 0);
    const Index image = c.s.S * c.s.C;
    Values y(c.x.size()), mean(at(N * c.s.G)), rstd(mean.size());
    group_norm(Device::cpu, c.s, c.x.data(), c.gamma.data(), c.beta.data(), y.data(), mean.data(),
               rstd.data());
    Norm one = c.s;
    one.N = 1;
    for (Index n = 0; n < N; ++n) {
      Values y1(at(image)), mean1(at(c.s.G)), rstd1(mean1.size());
      group_norm(Device::cpu, one, c.x.data() + n * image, c.gamma.data(), c.beta.data(), y1.data(),
                 mean1.data(), rstd1.data());
      expect_same_bits(y1.data(), y.data() + n * image, image, "image " + std::to_string(n));
    }
  }
}

// Large tensors are written past the caches (cpu/past_caches.h) where rows are whole vectors at
// their places in memory: 128 channels, but for a tensor that begins between two places, and not
// the pieces of 120 and 48 of 168 channels.
TEST(GroupNorm, LargeTensorsHaveTheSameBits) {
  const Norm whole{17, 1024, 128, 32, 1e-6, true}, uneven{13, 1024, 168, 7, 1e-6, true};
  for (const auto& [norm, offset] :
       {std::pair(whole, 0), std::pair(whole, 1), std::pair(uneven, 0)}) {
    const Norm s = norm;
    const Case c(s, true, 0);
    const Index image = s.S * s.C;
    const std::unique_ptr<Real, void (*)(Real*)> memory(
        static_cast<Real*>(device_allocate(Device::cpu, (c.x.size() + 1) * sizeof(Real))),
        [](Real* block) { device_free(Device::cpu, block); });
    Real* const y = memory.get() + offset;
    Values mean(at(s.N * s.G)), rstd(mean.size()), one(at(image));
    Norm alone = s;
    alone.N = 1;
    for_each_level([&](const std::string& level) {
      std::fill(y, y + c.x.size(), Real(7));
      group_norm(Device::cpu, s, c.x.data(), c.gamma.data(), c.beta.data(), y, mean.data(),
                 rstd.data());
      for (const Index n : {Index{0}, s.N - 1}) {
        group_norm(Device::cpu, alone, c.x.data() + n * image, c.gamma.data(), c.beta.data(),
                   one.data(), mean.data(), rstd.data());
        expect_same_bits(one.data(), y + n * image, image, level);
      }
    });
  }
}

}  // namespace
}  // namespace ito::kernels::test
