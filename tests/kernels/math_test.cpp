// The elementary functions against the C library in long double, in units in the last place (ulp)
// of the result, over a sweep through all floats and special values, at every SIMD level.

#include "kernels/math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "everywhere.h"
#include "kernels/kernels.h"

namespace ito::kernels::test {
namespace {

using Long = long double;
using Limits = std::numeric_limits<Real>;

/// Every 32749th float of either sign, and those at which something changes.
std::vector<Real> sweep() {
  std::vector<Real> x;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 32749)
    x.push_back(bits_as<float>(static_cast<std::uint32_t>(bits)));
  for (Real magnitude : {0.0f, 1e-45f, 1.17549435e-38f, 1e-8f, 0.5f, 1.0f, 2.0f, 3.0f, 17.328f,
                         87.33655f, 88.72284f, 88.7229f, 103.9721f, 104.0f, 3.4028235e38f})
    for (Real sign : {Real(-1), Real(1)}) x.push_back(sign * magnitude);
  for (Real special : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()})
    x.push_back(special);
  return x;
}

/// Distance of neighbouring Reals at |y|.
Long spacing(Long y) {
  const Long smallest = Limits::denorm_min();
  if (std::fabs(y) < static_cast<Long>(Limits::min())) return smallest;
  return std::ldexp(1.0L, std::ilogb(y) - Limits::digits + 1);
}

/// Error in ulp; infinite where a NaN, an infinity or a sign of infinity is wrong.
Long error_in_ulp(Real got, Long exact) {
  const Long never = std::numeric_limits<Long>::infinity();
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) && std::isnan(got) ? 0 : never;
  const Long largest = Limits::max();
  if (std::fabs(exact) > largest) {
    const bool beyond = std::fabs(exact) > largest + spacing(largest);
    const bool same_sign = std::signbit(got) == std::signbit(exact);
    const bool big = beyond ? std::isinf(got) : std::fabs(got) >= Limits::max();
    return same_sign && big ? 0 : never;
  }
  return std::fabs(static_cast<Long>(got) - exact) / spacing(exact);
}

struct Case {
  const char* name;
  Unary f;
  std::function<Long(Long)> exact;
  Long ulp;  ///< bound on the error
  Real p = 0;
  Real largest = Limits::infinity();  ///< of |x|
  Real lost = 0;                      ///< results smaller than this may be 0
};

/// Bounds: half an ulp is the last rounding; each division, multiplication or addition before it
/// adds up to half a one, polynomials about a quarter.
std::vector<Case> cases() {
  return {
      {"exp", Unary::exp, [](Long x) { return std::exp(x); }, 1.5L},
      {"log", Unary::log, [](Long x) { return std::log(x); }, 1.5L},
      {"sqrt", Unary::sqrt, [](Long x) { return std::sqrt(x); }, 0.5L},
      {"tanh", Unary::tanh, [](Long x) { return std::tanh(x); }, 3},
      {"sigmoid", Unary::sigmoid, [](Long x) { return 1 / (1 + std::exp(-x)); }, 3, 0,
       Limits::infinity(), Limits::min()},
      // in single precision x / (1 + e^-x) is 0 where e^-x would reach 2^127.5
      {"silu", Unary::silu,
       [](Long x) { return std::isinf(x) && x < 0 ? std::nanl("") : x / (1 + std::exp(-x)); }, 3, 0,
       Limits::infinity(), sizeof(Real) == 4 ? std::ldexp(Real(1), -121) : Limits::min()},
      {"softplus", Unary::softplus,
       [](Long x) { return std::fmax(x, 0.0L) + std::log1p(std::exp(-std::fabs(x))); }, 3},
      {"elu", Unary::elu, [](Long x) { return x > 0 ? x : std::expm1(x); }, 2, 1},
      {"erf", Unary::erf, [](Long x) { return std::erf(x); }, 2},
      {"sin", Unary::sin, [](Long x) { return std::sin(x); }, 1.5L, 0, Real(4e8)},
      {"cos", Unary::cos, [](Long x) { return std::cos(x); }, 1.5L, 0, Real(4e8)},
      {"abs", Unary::abs, [](Long x) { return std::fabs(x); }, 0},
  };
}

std::vector<Real> apply(Unary f, const std::vector<Real>& x, Real p) {
  std::vector<Real> y(x.size());
  unary(Device::cpu, f, x.data(), y.data(), length(x), p, Real(0));
  return y;
}

void check(const Case& c) {
  SCOPED_TRACE(c.name);
  const std::vector<Real> x = sweep();
  std::vector<Long> exact;
  for (Real v : x) exact.push_back(c.exact(v));
  for_each_level([&](const std::string&) {
    const std::vector<Real> y = apply(c.f, x, c.p);
    Long worst = 0;
    Real at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::fabs(x[i]) > c.largest && std::isfinite(x[i])) continue;
      if (y[i] == 0 && std::fabs(exact[i]) < c.lost) continue;
      const Long error = error_in_ulp(y[i], exact[i]);
      if (!(error <= worst)) worst = error, at = x[i];
    }
    EXPECT_LE(worst, c.ulp) << c.name << " at " << at;
  });
}

TEST(Math, FunctionsAreAccurate) {
  for (const Case& c : cases()) check(c);
}

TEST(Math, PowersAreAccurate) {
  for (Real p : {2.0f, 0.5f, -0.5f, 3.0f, -1.0f, 1.5f, 0.1f, -7.0f, 37.3f, 0.0f, 1e30f, 16777217.0f,
                 -2.0f, 8388609.0f}) {
    SCOPED_TRACE(p);
    check({"pow", Unary::pow, [p](Long x) { return std::pow(x, static_cast<Long>(p)); }, 1, p});
  }
  for (Real p : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
    SCOPED_TRACE(p);
    check({"pow", Unary::pow, [p](Long x) { return std::pow(x, static_cast<Long>(p)); }, 1, p});
  }
}

// expm1 has no kernel of its own for x > 0.
TEST(Math, Expm1IsAccurateOnBothSides) {
  for (Real x : sweep())
    ASSERT_LE(error_in_ulp(expm1_(x), std::expm1(static_cast<Long>(x))), 2) << x;
}

// The slope of SiLU passes through zero at -1.28, so its error is bounded in ulp of the sigmoid,
// the factor outside the difference: it and 1 - s are within two of theirs each, and |x (1 - s)|
// < 1.3 s where s is not small. Below -88 (-700) e^-x stays where it is: the result is then as
// small as it is there.
TEST(Math, SiluSlopeIsAccurate) {
  const std::vector<Real> x = sweep();
  const std::vector<Real> ones(x.size(), 1);
  Strided s;
  s.rank = 1;
  s.size[0] = length(x);
  s.a[0] = s.b[0] = s.y[0] = 1;
  for_each_level([&](const std::string&) {
    std::vector<Real> y(x.size());
    binary(Device::cpu, Binary::silu_grad, x.data(), ones.data(), y.data(), s);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Long v = x[i];
      if (std::isnan(v)) {
        ASSERT_TRUE(std::isnan(y[i]));
        continue;
      }
      const Long sigmoid = 1 / (1 + std::exp(-v));
      const Long x_rest = std::isinf(v) ? 0 : v / (1 + std::exp(v));
      const Long exact = std::isinf(v) ? sigmoid : sigmoid * (1 + x_rest);
      const Long range = sizeof(Real) == 4 ? 88 : 700;
      const Long lost = v < -range ? (range + 1) * std::exp(-range) : 0;
      const Long bound = 6 * spacing(std::fmax(std::fabs(exact), sigmoid)) + lost;
      ASSERT_LE(std::fabs(y[i] - exact), bound) << v;
    }
  });
}

// Beyond its range the sine stays a number between -1 and 1.
TEST(Math, SinesOfHugeArgumentsAreBounded) {
  const std::vector<Real> x = sweep();
  for_each_level([&](const std::string&) {
    for (Unary f : {Unary::sin, Unary::cos}) {
      const std::vector<Real> y = apply(f, x, 0);
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (std::isfinite(x[i])) {
          ASSERT_LE(std::fabs(y[i]), 1) << x[i];
        }
      }
    }
  });
}

// v3 and v4 both have fused multiply-add: the same bits. So has any other pair of levels in the
// double build, which uses the C library.
TEST(Math, LevelsWithFusedMultiplyAddAgreeToTheBit) {
  const std::vector<Real> x = sweep();
  const auto same = [](Real a, Real b) {
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): bits are compared, -0 too
    return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
  };
  const char* name[] = {
#define ITO_UNARY(name, formula) #name,
#define ITO_BINARY(name, formula)
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY
  };
  for (int f = 0; f < static_cast<int>(std::size(name)); ++f) {
    std::vector<Real> v3;
    for_each_level([&](const std::string& level) {
      if (level == "baseline") return;
      const std::vector<Real> y = apply(static_cast<Unary>(f), x, Real(1.7f));
      if (v3.empty()) v3 = y;
      for (std::size_t i = 0; i < x.size(); ++i)
        ASSERT_TRUE(same(y[i], v3[i])) << name[f] << " of " << x[i];
    });
  }
}

}  // namespace
}  // namespace ito::kernels::test
