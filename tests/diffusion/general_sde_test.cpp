// The general diffusion on two processes whose densities are known at every time: an anisotropic
// Ornstein-Uhlenbeck process, and its image under a nonlinear map, whose noise depends on the
// state.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/ode/dormand_prince.h"
#include "diffusion/ode/probability_flow.h"
#include "diffusion/sde/general.h"
#include "diffusion/sde/ve.h"
#include "engine/autograd.h"
#include "tests/diffusion/statistics.h"

namespace ito {
namespace {

using PlaneMatrix = std::array<double, 4>;  // [2, 2], row-major

PlaneMatrix product_of(const PlaneMatrix& a, const PlaneMatrix& b) {
  return {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2],
          a[2] * b[1] + a[3] * b[3]};
}
PlaneMatrix transpose_of(const PlaneMatrix& a) { return {a[0], a[2], a[1], a[3]}; }
PlaneMatrix inverse_of(const PlaneMatrix& a) {
  const double det = a[0] * a[3] - a[1] * a[2];
  return {a[3] / det, -a[1] / det, -a[2] / det, a[0] / det};
}
Tensor matrix_tensor(const PlaneMatrix& a) {
  return Tensor({2, 2}, std::vector<Real>(a.begin(), a.end()));
}
std::vector<double> entries_of(const PlaneMatrix& a) { return {a.begin(), a.end()}; }

/// dx = -A x dt + B dw with A = [1, 0; c, 2] and B such that S_inf is the stationary covariance:
/// Q = B B^T = A S_inf + S_inf A^T. From N(0, S_0) its marginals are N(0, S(t)),
///   S(t) = S_inf + e^{-At} (S_0 - S_inf) e^{-A^T t}.
namespace ou_plane {

constexpr double c = 0.5;
const PlaneMatrix A = {1, 0, c, 2}, S_0 = {0.2, -0.05, -0.05, 0.6}, S_inf = {1, 0.3, 0.3, 0.5};
const PlaneMatrix Q = {2, 1.4, 1.4, 2.3};
const PlaneMatrix B = {std::sqrt(2), 0, 1.4 / std::sqrt(2), std::sqrt(2.3 - 0.98)};

PlaneMatrix covariance(double t) {
  const double e1 = std::exp(-t), e2 = std::exp(-2 * t);
  const PlaneMatrix E = {e1, 0, -c * (e1 - e2), e2};  // e^{-At}
  const PlaneMatrix d = {S_0[0] - S_inf[0], S_0[1] - S_inf[1], S_0[2] - S_inf[2],
                         S_0[3] - S_inf[3]};
  const PlaneMatrix decayed = product_of(product_of(E, d), transpose_of(E));
  return {S_inf[0] + decayed[0], S_inf[1] + decayed[1], S_inf[2] + decayed[2],
          S_inf[3] + decayed[3]};
}

/// -S(t)^-1 x; all samples are at one time.
Tensor score(const Tensor& x, const Times& t) {
  return -matmul(x, matrix_tensor(inverse_of(covariance(t[0]))));  // symmetric
}

GeneralSde sde() {
  return {.drift = [](const Tensor& x,
                      const Times&) { return -matmul(x, matrix_tensor(A), false, true); },
          .sigma =
              [](const Tensor& x, const Times&) {
                return broadcast_to(reshape(matrix_tensor(B), {1, 2, 2}), {x.size(0), 2, 2});
              }};
}

GaussianMixture marginal(double t) {
  return GaussianMixture::full({1}, {{0, 0}}, {entries_of(covariance(t))});
}

}  // namespace ou_plane

/// y = (sinh x_1, x_2 + a x_1^2) of that process. With J the Jacobian of the map in x, Ito's
/// formula gives dy = (-J A x + (Q_11 sinh(x_1) / 2, a Q_11)) dt + J B dw.
namespace bent {

constexpr double a = 0.4;

Tensor column(const Tensor& x, Index j) { return slice(x, 1, j, j + 1); }

Tensor map(const Tensor& x) {
  const Tensor x_1 = column(x, 0);
  return concat({0.5 * (exp(x_1) - exp(-x_1)), column(x, 1) + a * square(x_1)}, 1);
}
Tensor inverse_map(const Tensor& y) {
  const Tensor y_1 = column(y, 0), x_1 = log(y_1 + sqrt(square(y_1) + 1));
  return concat({x_1, column(y, 1) - a * square(x_1)}, 1);
}
Tensor cosh_of(const Tensor& y) { return sqrt(square(column(y, 0)) + 1); }  // cosh(x_1)

/// J = [cosh x_1, 0; 2 a x_1, 1] at each y: [N, 2, 2].
Tensor jacobian(const Tensor& y) {
  const Tensor zero = column(y, 0) * 0, x_1 = column(inverse_map(y), 0);
  return reshape(concat({cosh_of(y), zero, 2 * a * x_1, zero + 1}, 1), {y.size(0), 2, 2});
}

/// log p_Y = log p_X - log cosh x_1, up to a constant; its gradient in y by the chain rule.
Tensor score(const Tensor& y, const Times& t) {
  const Tensor x = inverse_map(y), s = ou_plane::score(x, t), cosh_x = cosh_of(y);
  const Tensor s_1 = (column(s, 0) - 2 * a * column(x, 0) * column(s, 1)) / cosh_x;
  return concat({s_1 - column(y, 0) / square(cosh_x), column(s, 1)}, 1);
}

GeneralSde sde() {
  return {.drift =
              [](const Tensor& y, const Times&) {
                const Tensor Ax = matmul(inverse_map(y), matrix_tensor(ou_plane::A), false, true);
                const Tensor moved =
                    reshape(matmul(jacobian(y), reshape(Ax, {y.size(0), 2, 1})), {y.size(0), 2});
                const Tensor curved = concat(
                    {column(y, 0) * (ou_plane::Q[0] / 2), column(y, 0) * 0 + a * ou_plane::Q[0]},
                    1);
                return curved - moved;
              },
          .sigma = [](const Tensor& y,
                      const Times&) { return matmul(jacobian(y), matrix_tensor(ou_plane::B)); }};
}

/// div(J Q J^T) by hand: with c = cosh x_1 and k = 2 a x_1 the entries are c^2 Q_11 and
/// c (k Q_11 + Q_12) in the first column, and dc/dy_1 = y_1 / c, dk/dy_1 = 2 a / c.
Tensor divergence(const Tensor& y, const Times&) {
  const Tensor k = 2 * a * column(inverse_map(y), 0), y_1 = column(y, 0);
  return concat({2 * ou_plane::Q[0] * y_1,
                 y_1 / cosh_of(y) * (k * ou_plane::Q[0] + ou_plane::Q[1]) + 2 * a * ou_plane::Q[0]},
                1);
}

}  // namespace bent

constexpr bool general_in_double = sizeof(Real) == 8;

Tensor spread_points(Index N) { return random_normal({N, 2}, {17, Purpose::noise, 0, 0, 0}); }

double field_distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

TEST(GeneralSde, DivergenceByDifferentiationIsTheOneByHand) {
  const Tensor y = spread_points(200);
  const Times t(200, 0.3);
  EXPECT_LT(field_distance(bent::sde().covariance_divergence(y, t), bent::divergence(y, t)),
            general_in_double ? 1e-13 : 2e-5);  // rounding of numbers up to 10
  EXPECT_LT(max(abs(ou_plane::sde().covariance_divergence(y, t))).item(), 1e-30);  // constant noise
  EXPECT_GT(max(abs(bent::divergence(y, t))).item(), 1);
  GeneralSde given = bent::sde();
  given.divergence = bent::divergence;
  EXPECT_LT(field_distance(given.flow_drift(y, t, bent::score),
                           bent::sde().flow_drift(y, t, bent::score)),
            general_in_double ? 1e-12 : 1e-4);
}

/// The state of the flow at t = 1 from x at t = 0.
Tensor flowed_state(const GeneralSde& sde, const Score& score, const Tensor& x) {
  const NoGrad no_grad;
  const double tolerance = general_in_double ? 1e-10 : 1e-5;
  const OdeFunction f = [&](std::span<const Index> active, const Times& t,
                            const std::vector<double>& rows) {
    std::vector<double> slopes;  // one system at a time: the exact scores here know one time only
    for (std::size_t i = 0; i < active.size(); ++i) {
      const Tensor row({1, 2},
                       {static_cast<Real>(rows[2 * i]), static_cast<Real>(rows[2 * i + 1])});
      for (Real slope : sde.flow_drift(row, {t[i]}, score).to_host())
        slopes.push_back(static_cast<double>(slope));
    }
    return slopes;
  };
  OdeOptions options;
  options.rtol = options.atol = tolerance;
  return batch_of_rows(solve_ode(f, rows_of_batch(x), x.size(0), 0, 1, options).y, {2});
}

// The solver's local errors of 1e-10 (in float 1e-5, which is near rounding) add up over some
// hundred steps.
constexpr double general_flow_tolerance = general_in_double ? 1e-8 : 2e-4;

/// The flow of a linear process is a linear map M, and M S_0 M^T = S(1).
TEST(GeneralSde, FlowCarriesOneGaussianIntoTheOther) {
  const Tensor units({2, 2}, {1, 0, 0, 1});
  const std::vector<double> rows =
      rows_of_batch(flowed_state(ou_plane::sde(), ou_plane::score, units));
  const PlaneMatrix M = {rows[0], rows[2], rows[1], rows[3]};  // row n is M e_n
  const PlaneMatrix mapped = product_of(product_of(M, ou_plane::S_0), transpose_of(M)),
                    truth = ou_plane::covariance(1);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(mapped[i], truth[i], general_flow_tolerance);
  const Tensor x = spread_points(5), y = flowed_state(ou_plane::sde(), ou_plane::score, x);
  EXPECT_LT(field_distance(y, matmul(x, matrix_tensor(M), false, true)),
            5 * general_flow_tolerance);
}

/// A flow is a vector field: bending the plane commutes with it.
TEST(GeneralSde, FlowOfTheBentProcessIsTheBentFlow) {
  const Tensor x = spread_points(12);
  EXPECT_LT(field_distance(flowed_state(bent::sde(), bent::score, bent::map(x)),
                           bent::map(flowed_state(ou_plane::sde(), ou_plane::score, x))),
            20 * general_flow_tolerance);  // sinh stretches by up to 10
}

/// 4000 paths of 250 Euler-Maruyama steps. Their own error is of order 1/250 in each moment, half a
/// standard error of the sample; all statistics lie within 4.
constexpr Index path_count = 4000;
constexpr int path_steps = 250;

Tensor general_path_noise(int k) {
  return random_normal({path_count, 2},
                       {23, Purpose::predictor, static_cast<std::uint32_t>(k), 0, 0});
}

TEST(GeneralSde, ForwardStepsOfTheBentProcessHaveTheBentMarginal) {
  const NoGrad no_grad;
  const GeneralSde sde = bent::sde();
  Tensor y = bent::map(ou_plane::marginal(0).sample(path_count, {23, Purpose::prior, 0, 0, 0}));
  const double dt = 1.0 / path_steps;
  for (int k = 0; k < path_steps; ++k)
    y = sde.step(y, Times(path_count, k * dt), dt, general_path_noise(k));
  const auto scores = test::mixture_z_scores(bent::inverse_map(y), ou_plane::marginal(1));
  EXPECT_LT(test::largest(scores), 4);
}

TEST(GeneralSde, ReverseStepsOfTheBentProcessLeadBackToTheStart) {
  const NoGrad no_grad;
  GeneralSde sde = bent::sde();
  sde.divergence = bent::divergence;
  Tensor y = bent::map(ou_plane::marginal(1).sample(path_count, {24, Purpose::prior, 0, 0, 0}));
  const double dt = 1.0 / path_steps;
  for (int k = 0; k < path_steps; ++k)
    y = sde.reverse_step(y, Times(path_count, 1 - k * dt), dt, general_path_noise(k), bent::score);
  const Tensor x = bent::inverse_map(y);
  EXPECT_LT(test::largest(test::mixture_z_scores(x, ou_plane::marginal(0))), 4);
  EXPECT_GT(test::largest(test::mixture_z_scores(x, ou_plane::marginal(0.1))), 4);  // it could fail
}

/// For any Sigma(x) and density p the drift (div Sigma + Sigma grad log p) / 2 keeps p: here three
/// modes under noise of which every entry and every derivative matters.
namespace reversible {

const VeSde none(1e-9, 1);  // at t = 0 next to no noise: the score is the mixture's own

Tensor score(const Tensor& x, const Times&) {
  static const Score mixture = test::three_modes().score(none);
  return mixture(x, Times(static_cast<std::size_t>(x.size(0)), 0));
}

/// [u, 0; x_1 / 2, 1] with u = 1 + 0.3 sin x_2.
Tensor sigma(const Tensor& x, const Times&) {
  const Tensor x_1 = slice(x, 1, 0, 1), x_2 = slice(x, 1, 1, 2);
  const Tensor row = concat({0.3 * sin(x_2) + 1, x_1 * 0, 0.5 * x_1, x_1 * 0 + 1}, 1);
  return reshape(row, {x.size(0), 2, 2});
}

/// By hand: Sigma = [u^2, x_1 u / 2; x_1 u / 2, x_1^2 / 4 + 1].
Tensor divergence(const Tensor& x, const Times&) {
  const Tensor x_1 = slice(x, 1, 0, 1), x_2 = slice(x, 1, 1, 2);
  return concat({0.15 * x_1 * cos(x_2), 0.15 * sin(x_2) + 0.5}, 1);
}

Tensor drift(const Tensor& x, const Times& t) {
  const Tensor s = sigma(x, t), column = reshape(score(x, t), {x.size(0), 2, 1});
  const Tensor Sigma_s = reshape(matmul(s, matmul(s, column, true)), {x.size(0), 2});
  return 0.5 * (divergence(x, t) + Sigma_s);
}

}  // namespace reversible

/// Its flow stands still, and reversed in time it is the same process.
TEST(GeneralSde, AReversibleProcessHasNoFlow) {
  const GeneralSde sde = {.drift = reversible::drift, .sigma = reversible::sigma};
  const Tensor x = spread_points(100);
  const Times t(100, 0);
  const double tolerance = general_in_double ? 1e-12 : 1e-4;  // rounding of numbers up to 50
  EXPECT_GT(max(abs(reversible::drift(x, t))).item(), 1);
  EXPECT_LT(max(abs(sde.flow_drift(x, t, reversible::score))).item(), tolerance);
  EXPECT_LT(field_distance(sde.reverse_drift(x, t, reversible::score), -reversible::drift(x, t)),
            tolerance);
}

/// 4000 paths begun in the stationary density stay in it, within 4 standard errors. The steps are
/// small beside the inverse of the steepest score slope, 1/24, so that Euler-Maruyama's own error
/// (a relative 12 dt of the modes' variances) is half a standard error.
TEST(GeneralSde, AReversibleProcessKeepsItsDensity) {
  const NoGrad no_grad;
  const GeneralSde sde = {.drift = reversible::drift, .sigma = reversible::sigma};
  const GaussianMixture mixture = test::three_modes();
  Tensor x = mixture.sample(path_count, {25, Purpose::prior, 0, 0, 0});
  for (int k = 0; k < path_steps; ++k)
    x = sde.step(x, Times(path_count, 0), 1e-3, general_path_noise(k));
  EXPECT_LT(test::largest(test::mixture_z_scores(x, mixture)), 4);
}

#ifdef ITO_DOUBLE
using PlanePoint = std::array<double, 2>;
using PlaneFunction = std::function<double(PlanePoint)>;

/// df/dx_i by the central difference of order 4. At h = 0.005 it is off by 2e-11 of the fifth
/// derivative, and twice applied by rounding of 1e-11.
double central_slope(const PlaneFunction& f, int i, PlanePoint x) {
  constexpr double h = 0.005;
  const auto at = [&](double steps) {
    PlanePoint moved = x;
    moved[static_cast<std::size_t>(i)] += steps * h;
    return f(moved);
  };
  return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
}

double bent_density(PlanePoint y, double t) {
  const Tensor point({1, 2}, {y[0], y[1]});
  return std::exp(ou_plane::marginal(t).log_density(bent::inverse_map(point))[0]) /
         bent::cosh_of(point).item();
}

/// dp/dt + div(b p) + share * 1/2 sum d^2 (Sigma_ij p) / dx_i dx_j for a drift b of the bent
/// process.
double fokker_planck(const GeneralSde::Field& b, double share, PlanePoint y, double t) {
  const auto element = [t](const Tensor& values, Index k, PlanePoint at) {
    return values.to_host()[static_cast<std::size_t>(k)] * bent_density(at, t);
  };
  const auto tensor = [](PlanePoint at) { return Tensor({1, 2}, {at[0], at[1]}); };
  const GeneralSde sde = bent::sde();
  double total =
      central_slope([y](PlanePoint time) { return bent_density(y, time[0]); }, 0, {t, 0});
  for (int i = 0; i < 2; ++i) {
    total += central_slope([&](PlanePoint at) { return element(b(tensor(at), {t}), i, at); }, i, y);
    for (int j = 0; j < 2; ++j) {
      const PlaneFunction spread = [&](PlanePoint at) {
        return element(sde.covariance(tensor(at), {t}), 2 * i + j, at);
      };
      total += share / 2 *
               central_slope([&](PlanePoint at) { return central_slope(spread, j, at); }, i, y);
    }
  }
  return total;
}

/// The same density solves the equation of the process, of its reversal (where the noise acts
/// backwards) and of its flow (without noise). Densities are near 0.3, their derivatives up to 30.
TEST(GeneralSde, AllThreeSolveTheFokkerPlanckEquation) {
  const GeneralSde sde = bent::sde();
  const GeneralSde::Field reverse = [&](const Tensor& y, const Times& t) {
    return sde.reverse_drift(y, t, bent::score);
  };
  const GeneralSde::Field flow = [&](const Tensor& y, const Times& t) {
    return sde.flow_drift(y, t, bent::score);
  };
  for (PlanePoint y : {PlanePoint{0, 0}, {0.5, -0.3}, {-0.8, 0.6}, {0.3, 0.9}})
    for (double t : {0.1, 0.6}) {
      EXPECT_NEAR(fokker_planck(sde.drift, -1, y, t), 0, 1e-6);
      EXPECT_NEAR(fokker_planck(reverse, 1, y, t), 0, 1e-6);
      EXPECT_NEAR(fokker_planck(flow, 0, y, t), 0, 1e-6);
      EXPECT_GT(std::abs(fokker_planck(reverse, 0, y, t)), 1e-3);
    }
}
#endif

}  // namespace
}  // namespace ito
