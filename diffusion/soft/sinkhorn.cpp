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

/// Both potentials for a regularisation that halves from the largest cost to just above r.
void come_down_to(const Cost& cost, double r, Tensor& f, Tensor& g) {
  for (double coarse = max(cost.C).item(); coarse > r; coarse /= 2) {
    f = balanced(cost.C, g, coarse);
    g = balanced(cost.C_transposed, f, coarse);
  }
}

/// Alternating updates.
Transport solve_transport(const Cost& cost, double r, const SinkhornOptions& options) {
  Transport t{0, r, 0, 0, Tensor::zeros({cost.C.size(0)}), Tensor::zeros({cost.C.size(1)})};
  come_down_to(cost, r, t.f, t.g);
  for (Tensor next = balanced(cost.C, t.g, r);; next = balanced(cost.C, t.g, r)) {
    t.violation = marginal_violation(t.f, next, r);
    if (t.iterations > 0 && t.violation <= options.tolerance) break;
    if (t.iterations == options.max_iterations)
      fail("sinkhorn", "after ", t.iterations, " iterations the marginals are off by ", t.violation,
           ", more than ", options.tolerance, "; a larger regularisation than ",
           options.regularisation, " takes fewer");
    t.f = next;
    t.g = balanced(cost.C_transposed, t.f, r);
    ++t.iterations;
  }
  t.value = mean_element(t.f) + mean_element(t.g);
  return t;
}

/// The value between a set and itself, where f = g: averaged updates, which converge at once.
double self_value(const Tensor& x, double r, const SinkhornOptions& options) {
  const Tensor C = squared_distances(x, x);
  Tensor f = Tensor::zeros({x.size(0)});
  for (double coarse = max(C).item(); coarse > r; coarse /= 2)
    f = (f + balanced(C, f, coarse)) * 0.5;
  for (int i = 0; i < options.max_iterations; ++i) {
    const Tensor next = balanced(C, f, r);
    if (marginal_violation(f, next, r) <= options.tolerance)
      return mean_element(f) + mean_element(next);
    f = (f + next) * 0.5;
  }
  fail("sinkhorn", "the marginals are off by more than ", options.tolerance, " after ",
       options.max_iterations, " iterations");
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
  const double r = between.regularisation;
  return between.value - (self_value(x, r, options) + self_value(y, r, options)) / 2;
}

}  // namespace ito
