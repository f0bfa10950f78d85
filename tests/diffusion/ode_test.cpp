// The Dormand-Prince solver against solutions in closed form.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "diffusion/ode/dormand_prince.h"
#include "tests/errors.h"

namespace ito {
namespace {

using Rows = std::vector<double>;
using Active = std::span<const Index>;

/// Pendulums y'' = -w^2 y with w = 1, 2, ... for system 0, 1, ...: y = (cos w t, -w sin w t).
Rows pendulums(Active active, const Rows&, const Rows& y) {
  Rows dy;
  for (std::size_t i = 0; i < active.size(); ++i) {
    const double w = static_cast<double>(active[i] + 1);
    dy.push_back(y[2 * i + 1]);
    dy.push_back(-w * w * y[2 * i]);
  }
  return dy;
}

TEST(Ode, MeetsItsToleranceForEachSystem) {
  for (const double tol : {1e-4, 1e-7, 1e-10}) {
    const OdeSolution s =
        solve_ode(pendulums, {1, 0, 1, 0, 1, 0}, 3, 0, 5, {.rtol = tol, .atol = tol});
    for (std::size_t n = 0; n < 3; ++n) {
      const double w = static_cast<double>(n + 1);
      // Local errors below tol (of values up to w) add up over less than 40 w / tol^0.1 steps.
      EXPECT_NEAR(s.y[2 * n], std::cos(5 * w), 20 * w * tol) << tol;
      EXPECT_NEAR(s.y[2 * n + 1], -w * std::sin(5 * w), 20 * w * w * tol) << tol;
      EXPECT_EQ(s.paths[n].t.back(), 5);
    }
    EXPECT_GT(s.paths[2].evaluations, s.paths[0].evaluations);  // the fast one needs more
  }
}

/// y' = 5 t^4 gives t^5, which a method of order 5 meets whatever its steps.
TEST(Ode, IsExactForPolynomialsOfItsOrder) {
  const OdeFunction f = [](Active, const Rows& t, const Rows&) {
    return Rows{5 * std::pow(t[0], 4)};
  };
  const OdeSolution s = solve_ode(f, {0}, 1, 0, 2, {.rtol = 1e-3, .atol = 1e-3});
  EXPECT_NEAR(s.y[0], 32, 1e-12);
}

TEST(Ode, GoesBackInTime) {
  const OdeSolution there = solve_ode(pendulums, {1, 0}, 1, 0, 3, {.rtol = 1e-9, .atol = 1e-9});
  const OdeSolution back = solve_ode(pendulums, there.y, 1, 3, 0, {.rtol = 1e-9, .atol = 1e-9});
  EXPECT_NEAR(back.y[0], 1, 1e-7);
  EXPECT_NEAR(back.y[1], 0, 1e-7);
}

/// Between steps the interpolation is of order 4: as good as the tolerance, within a small factor.
TEST(Ode, KnowsTheStateBetweenSteps) {
  OdeOptions options{.rtol = 1e-8, .atol = 1e-8};
  for (int i = 0; i <= 40; ++i) options.output.push_back(0.1 * i);
  options.output.back() = 4;
  const OdeSolution s = solve_ode(pendulums, {1, 0, 1, 0}, 2, 0, 4, options);
  ASSERT_EQ(s.output.size(), 41u);
  for (std::size_t i = 0; i < s.output.size(); ++i) {
    EXPECT_NEAR(s.output[i][0], std::cos(options.output[i]), 1e-6) << i;
    EXPECT_NEAR(s.output[i][2], std::cos(2 * options.output[i]), 1e-6) << i;
  }
  EXPECT_EQ(s.output[0], (Rows{1, 0, 1, 0}));
  EXPECT_EQ(s.output[40], s.y);
}

TEST(Ode, GivesEachSystemTheBitsItHasAlone) {
  const auto frequency = [](double w) {
    return [w](Active active, const Rows&, const Rows& y) {
      Rows dy;
      for (std::size_t i = 0; i < active.size(); ++i) {
        dy.push_back(y[2 * i + 1]);
        dy.push_back(-w * w * y[2 * i]);
      }
      return dy;
    };
  };
  const OdeSolution all = solve_ode(pendulums, {1, 0, 1, 0, 1, 0}, 3, 0, 5);
  for (std::size_t n = 0; n < 3; ++n) {
    const OdeSolution alone = solve_ode(frequency(static_cast<double>(n + 1)), {1, 0}, 1, 0, 5);
    EXPECT_EQ(alone.y, Rows(all.y.begin() + static_cast<std::ptrdiff_t>(2 * n),
                            all.y.begin() + static_cast<std::ptrdiff_t>(2 * n + 2)));
    EXPECT_EQ(alone.paths[0].t, all.paths[n].t);
    EXPECT_EQ(alone.paths[0].evaluations, all.paths[n].evaluations);
  }
}

TEST(Ode, CallsOnceForAllThatAreUnderWay) {
  Index calls = 0, systems = 0;
  const OdeFunction f = [&](Active active, const Rows& t, const Rows& y) {
    ++calls;
    systems += static_cast<Index>(active.size());
    return pendulums(active, t, y);
  };
  const OdeSolution s = solve_ode(f, {1, 0, 1, 0, 1, 0}, 3, 0, 5);
  EXPECT_EQ(s.calls, calls);
  Index evaluations = 0, most = 0;
  for (const OdePath& path : s.paths) {
    evaluations += path.evaluations;
    most = std::max(most, path.evaluations);
    EXPECT_EQ(path.evaluations, 2 + 6 * (static_cast<Index>(path.t.size()) - 1 + path.rejected));
  }
  EXPECT_EQ(evaluations, systems);
  EXPECT_EQ(most, calls);  // the others leave
}

TEST(Ode, CanTakeOneStepForAll) {
  const OdeSolution s =
      solve_ode(pendulums, {1, 0, 1, 0}, 2, 0, 5, {.control = ErrorControl::whole_batch});
  EXPECT_EQ(s.paths.size(), 1u);
  EXPECT_NEAR(s.y[2], std::cos(10.0), 1e-3);
  EXPECT_NE(s.y[0], solve_ode(pendulums, {1, 0}, 1, 0, 5).y[0]);
}

TEST(Ode, SaysWhereTheRightHandSideIsNotFinite) {
  const OdeFunction f = [](Active active, const Rows& t, const Rows&) {
    Rows dy(active.size(), 1);
    for (std::size_t i = 0; i < active.size(); ++i)
      if (active[i] == 1 && t[i] > 0.5) dy[i] = std::numeric_limits<double>::quiet_NaN();
    return dy;
  };
  test::expect_error(
      [&] {
        solve_ode(f, {0, 0}, 2, 0, 1, {.first_sample = 40});
      },
      {"sample 41", "t = 0.", "not finite"});
}

/// y' = y^2 from 1 is 1 / (1 - t): no step gets past t = 1.
TEST(Ode, SaysWhereTheTolerancesCannotBeMet) {
  const OdeFunction f = [](Active, const Rows&, const Rows& y) { return Rows{y[0] * y[0]}; };
  test::expect_error([&] { solve_ode(f, {1}, 1, 0, 2); },
                     {"sample 0 cannot meet the tolerances rtol = 1e-05", "t = "});
  test::expect_error(
      [&] {
        solve_ode(pendulums, {1, 0}, 1, 0, 9, {.max_steps = 3});
      },
      {"after 3 steps"});
}

TEST(Ode, RefusesWhatMakesNoSense) {
  test::expect_error([] { solve_ode(pendulums, {1, 0, 1}, 2, 0, 1); }, {"2 systems"});
  test::expect_error([] { solve_ode(pendulums, {1, 0}, 1, 0, 1, {.rtol = 0}); }, {"rtol = 0"});
  test::expect_error(
      [] {
        solve_ode(pendulums, {1, 0}, 1, 0, 1, {.output = {0.5, 0.2}});
      },
      {"in order from 0 to 1, got 0.2"});
  test::expect_error([] { solve_ode(pendulums, {1, 0}, 1, 0, 1, {.output = {2}}); }, {"got 2"});
}

TEST(Ode, StopsWhenProgressSaysSo) {
  double seen = 0;
  const OdeSolution s = solve_ode(pendulums, {1, 0}, 1, 0, 50, {.progress = [&](double done) {
                                    seen = done;
                                    return done < 0.5;
                                  }});
  EXPECT_FALSE(s.complete);
  EXPECT_GE(seen, 0.5);
  EXPECT_LT(seen, 0.7);
}

}  // namespace
}  // namespace ito
