#include "diffusion/soft/sinkhorn.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "kernels/kernels.h"

namespace ito {

namespace {

void check_point_sets(const Tensor& x, const Tensor& y) {
  if (x.rank() != 2 || y.rank() != 2 || x.size(1) != y.size(1) || x.elements() == 0 ||
      y.elements() == 0)
    fail("sinkhorn", "expected two sets of points [N, D] and [M, D], got ", x.shape(), " and ",
         y.shape());
  if (!std::isfinite(sum_squares(x)) || !std::isfinite(sum_squares(y)))
    fail("sinkhorn", "expected finite points");
}

/// C_ij = |x_i|^2 + |y_j|^2 - 2 x_i y_j, the points taken from x's mean: distances stay, and
/// rounding is relative to smaller numbers.
Tensor squared_distances(const Tensor& x, const Tensor& y) {
  const Tensor centre = mean(x, {0}, true), a = x - centre, b = y - centre;
  const Tensor squares_a = sum(square(a), {1}, true);                           // [N, 1]
  const Tensor squares_b = reshape(sum(square(b), {1}, true), {1, b.size(0)});  // [1, M]
  return squares_a + squares_b - 2 * matmul(a, b, false, true);
}

double mean_element(const Tensor& x) {
  double total = 0;
  for (const Real value : x.to_host()) total += static_cast<double>(value);
  return total / static_cast<double>(x.elements());
}

/// -r log mean_j exp((g_j - C_ij) / r), for C [N, M]: with this f and that g the plan's rows sum
/// to 1/N each.
Tensor balanced(const Tensor& C, const Tensor& g, double r) {
  const Index N = C.size(0), M = C.size(1);
  const Tensor shift = g * (1 / r) - std::log(static_cast<double>(M));
  Tensor log_sums({N});
  kernels::log_sum_exp(Device::cpu, C.data(), shift.data(), static_cast<Real>(-1 / r),
                       log_sums.mutable_data(), N, M);
  return log_sums * -r;
}

/// sum_i |sum_j P_ij - 1/N| of the potentials f and g, with f' = balanced(C, g):
/// sum_j P_ij = exp((f_i - f'_i) / r) / N.
double marginal_violation(const Tensor& f, const Tensor& balanced_f, double r) {
  double violation = 0;
  const Real *a = f.data(), *b = balanced_f.data();
  for (Index i = 0; i < f.elements(); ++i)
    violation += std::abs(std::expm1(static_cast<double>(a[i] - b[i]) / r));
  return violation / static_cast<double>(f.elements());
}

/// C and its transpose, so that both updates run along rows.
struct Cost {
  Tensor C, C_transposed;
};

Cost cost_between(const Tensor& x, const Tensor& y) {
  const Tensor C = squared_distances(x, y);
  return {C, permute(C, {1, 0})};
}

/// What each potential should be, given the other.
struct Balanced {
  Tensor f, g;
};

Balanced balance(const Cost& cost, const Transport& t, double r) {
  return {balanced(cost.C, t.g, r), balanced(cost.C_transposed, t.f, r)};
}

void step_halfway(Transport& t, const Balanced& to) {
  t.f = (t.f + to.f) * 0.5;
  t.g = (t.g + to.g) * 0.5;
}

/// Averaged updates of both potentials at once (Feydy et al. 2019, section 3.2): they converge fast
/// for sets that are alike, and at the same pace whichever set is first.
Transport solve_transport(const Cost& cost, double r, const SinkhornOptions& options) {
  Transport t{0, r, 0, 0, Tensor::zeros({cost.C.size(0)}), Tensor::zeros({cost.C.size(1)})};
  for (double coarse = max(cost.C).item(); coarse > r; coarse /= 2)
    step_halfway(t, balance(cost, t, coarse));
  for (;; ++t.iterations) {
    const Balanced to = balance(cost, t, r);
    t.violation = std::max(marginal_violation(t.f, to.f, r), marginal_violation(t.g, to.g, r));
    if (t.violation <= options.tolerance) {
      t.value = mean_element(to.f) + mean_element(t.g);
      return t;
    }
    if (t.iterations == options.max_iterations)
      fail("sinkhorn", "after ", t.iterations, " iterations the marginals are off by ", t.violation,
           ", more than ", options.tolerance, "; a larger regularisation than ",
           options.regularisation, " takes fewer");
    step_halfway(t, to);
  }
}

double absolute_regularisation(const Tensor& C, const SinkhornOptions& options) {
  if (!(options.regularisation > 0 && options.tolerance > 0))
    fail("sinkhorn", "expected a regularisation and a tolerance above 0, got ",
         options.regularisation, " and ", options.tolerance);
  return options.regularisation * std::max(mean_element(C), 1e-30);  // all points may be one
}

}  // namespace

Transport sinkhorn(const Tensor& x, const Tensor& y, const SinkhornOptions& options) {
  check_point_sets(x, y);
  const NoGrad no_grad;
  const Cost cost = cost_between(x, y);
  return solve_transport(cost, absolute_regularisation(cost.C, options), options);
}

double sinkhorn_divergence(const Tensor& x, const Tensor& y, const SinkhornOptions& options) {
  const Transport between = sinkhorn(x, y, options);
  const NoGrad no_grad;
  const auto own = [&](const Tensor& points) {
    return solve_transport(cost_between(points, points), between.regularisation, options).value;
  };
  return between.value - (own(x) + own(y)) / 2;
}

}  // namespace ito
