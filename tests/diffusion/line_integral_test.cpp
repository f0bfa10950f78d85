// The log ratio of two densities from the score alone: line integrals and their errors.

#include "diffusion/samplers/line_integral.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/diffusion/stationary.h"
#include "tests/errors.h"

namespace ito {
namespace {

using test::chain_time;
using test::chains_in_double;
using test::Stationary;

/// Not a gradient: s(x, y) = (-y, x) plus a mixture's score.
Score turning(const Score& score) {
  return [score](const Tensor& x, const Times& t) {
    const Tensor turned = matmul(x, Tensor({2, 2}, {0, 1, -1, 0}));
    return score(x, t) + turned;
  };
}

TEST(LineIntegral, BackIsTheExactNegative) {
  const Stationary s;
  const Score score = turning(s.score);
  const Tensor x = slice(s.start, 0, 0, 200), y = slice(s.start, 0, 200, 400);
  const Times t(200, chain_time);
  for (const Quadrature& rule : quadratures()) {
    auto there = line_integral(score, x, y, score(x, t), score(y, t), t, rule);
    const auto back = line_integral(score, y, x, score(y, t), score(x, t), t, rule);
    for (double& value : there) value = -value;
    EXPECT_EQ(there, back) << rule.name;
    EXPECT_NE(there, std::vector<double>(200, 0));
  }
}

/// Around a triangle the field (-y, x) integrates to twice the area, by Stokes; any rule is exact.
/// A gradient integrates to nothing.
TEST(LineIntegral, AroundALoopIsTheCurl) {
  const Score rotation = turning([](const Tensor& x, const Times&) { return x * -0.5; });
  const Tensor x({1, 2}, {0.5, 0.25}), y({1, 2}, {2.5, 0.25}), w({1, 2}, {0.5, 3.25});
  for (const Quadrature& rule : quadratures())
    EXPECT_NEAR(loop_integral(rotation, x, y, w, {0.5}, rule)[0], 2 * (2.0 * 3.0 / 2),
                chains_in_double ? 1e-13 : 1e-5);

  const Stationary s;
  const double reach = 0.03;
  const auto rms = [&](const Score& score) {
    return loop_rms(score, slice(s.start, 0, 0, 500), chain_time, reach, quadrature_named("boole"),
                    {.seed = 4, .purpose = Purpose::probe});
  };
  EXPECT_LT(rms(s.score), chains_in_double ? 1e-8 : 1e-6);  // the rule's error; rounding
  // The loop is reach^2 |a x b|, where a x b has variance 2 and fourth moment 24: its root mean
  // square of 500 is known to 5 %, four times that are allowed.
  EXPECT_NEAR(rms(turning(s.score)) / (reach * reach * std::sqrt(2)), 1, 0.2);
}

/// The root mean square error of the log ratio that the score alone gives, for segments of length
/// `size`.
double quadrature_error(const Stationary& s, const std::string& rule, double size) {
  const Tensor x = slice(s.start, 0, 0, 1000);
  const Tensor y = x + random_normal(x.shape(), {.seed = 9}) * size;
  const Times t(1000, chain_time);
  const auto sum =
      line_integral(s.score, x, y, s.score(x, t), s.score(y, t), t, quadrature_named(rule));
  const auto at_x = s.log_density(x, t), at_y = s.log_density(y, t);
  double squares = 0;
  for (std::size_t n = 0; n < sum.size(); ++n) squares += std::pow(sum[n] - (at_y[n] - at_x[n]), 2);
  return std::sqrt(squares / 1000);
}

/// Half the length: errors 2^3, 2^5 and 2^7 times smaller, as the rules' remainders say, within 0.2
/// of the exponent for the next order, which is two powers of the length smaller. In float the
/// rounding of positions of order 1 hides all but the first, and lengths are larger.
TEST(LineIntegral, ErrsAsItsRuleSays) {
  const Stationary s;
  const double size = chains_in_double ? 0.02 : 0.04;
  const std::pair<const char*, double> orders[] = {{"trapezoid", 3}, {"simpson", 5}, {"boole", 7}};
  for (const auto& [rule, order] : orders) {
    const double coarse = quadrature_error(s, rule, size),
                 fine = quadrature_error(s, rule, size / 2);
    if (chains_in_double || order == 3) {
      EXPECT_NEAR(std::log2(coarse / fine), order, 0.2) << rule << ": " << coarse << ", " << fine;
    } else {
      EXPECT_LT(coarse, 2e-5) << rule;
    }
  }
  test::expect_error([] { quadrature_named("gauss"); }, {"trapezoid, simpson or boole, got gauss"});
}

}  // namespace
}  // namespace ito
