#include "diffusion/control/operator.h"

#include <cmath>
#include <numeric>

#include "diffusion/control/projection.h"
#include "engine/autograd.h"

namespace ito {

Tensor Operator::adjoint(const Tensor& y) const {
  const RecordingScope on(true);
  Tensor x = Tensor::zeros(batch_shape(y.size(0), domain_), y.device());
  x.require_grad();
  return grad({apply(x)}, {x}, {y})[0];
}

std::unique_ptr<Constraint> Operator::constraint(const Sde& sde,
                                                 const Measurement& measured) const {
  return std::make_unique<Projection>(sde, measured);
}

Shape batch_shape(Index N, const Shape& item) {
  Shape shape = {N};
  shape.insert(shape.end(), item.begin(), item.end());
  return shape;
}

void check(const Measurement& measured) {
  const Tensor& y = measured.y;
  if (y.rank() < 1 || y.shape() != batch_shape(y.size(0), measured.A.range()))
    fail("measurement", "the operator gives ", measured.A.range(), " for each image ",
         measured.A.domain(), ", the measurement has shape ", y.shape());
  if (!(measured.noise_std >= 0))
    fail("measurement", "expected a noise of at least 0, got ", measured.noise_std);
}

namespace {

constexpr double relative_rounding = sizeof(Real) == sizeof(float) ? 1e-4 : 1e-10;

/// <a_n, b_n> of each sample.
std::vector<double> inner_products(const Tensor& a, const Tensor& b) {
  const Tensor products = sum(reshape(a * b, {a.size(0), -1}), {1});
  const std::vector<Real> values = products.to_host();
  return {values.begin(), values.end()};
}

}  // namespace

void check_adjoint(const Operator& A) {
  const NoGrad no_grad;
  const Tensor x = random_normal(batch_shape(2, A.domain()), {1, Purpose::probe}),
               y = random_normal(batch_shape(2, A.range()), {2, Purpose::probe});
  const Tensor Ax = A.apply(x);
  if (Ax.shape() != y.shape())
    fail("operator", "announces a range of ", A.range(), " for each image, but gives ", Ax.shape(),
         " for 2");
  const double size = std::sqrt(sum_squares(Ax) * sum_squares(y)) + 1e-30;
  const double forward = inner_products(Ax, y)[0], backward = inner_products(x, A.adjoint(y))[0];
  if (!(std::abs(forward - backward) <= relative_rounding * size))
    fail("operator", "fails its adjoint test: <A x, y> = ", forward,
         ", but <x, A^T y> = ", backward);
  const Tensor bent = A.apply(x * 3) - Ax * 3;
  if (!(sum_squares(bent) <= std::pow(relative_rounding, 2) * (sum_squares(Ax) + 1e-30)))
    fail("operator", "is not linear: A(3 x) differs from 3 A(x) by ", std::sqrt(sum_squares(bent)));
}

Tensor solve_normal(const Operator& A, const std::vector<double>& lambda, const Tensor& b,
                    int iterations) {
  const NoGrad no_grad;
  constexpr double tolerance = sizeof(Real) == sizeof(float) ? 1e-6 : 1e-12;
  const std::size_t N = lambda.size();
  Tensor u = Tensor::zeros(b.shape(), b.device()), r = b, p = b;
  std::vector<double> rr = inner_products(r, r), small, alpha(N), beta(N);
  for (double squares : rr) small.push_back(tolerance * tolerance * squares);
  for (int i = 0; i < iterations; ++i) {
    const Tensor q = A.apply(A.adjoint(p)) + scale_per_sample(p, lambda);
    const std::vector<double> pq = inner_products(p, q);
    bool moving = false;
    for (std::size_t n = 0; n < N; ++n) {  // a sample that has arrived stays: alpha = 0
      alpha[n] = rr[n] > small[n] && pq[n] > 0 ? rr[n] / pq[n] : 0;
      moving = moving || alpha[n] > 0;
    }
    if (!moving) break;
    u = u + scale_per_sample(p, alpha);
    r = r - scale_per_sample(q, alpha);
    const std::vector<double> next = inner_products(r, r);
    for (std::size_t n = 0; n < N; ++n) beta[n] = alpha[n] > 0 ? next[n] / rr[n] : 0;
    p = r + scale_per_sample(p, beta);
    rr = next;
  }
  return u;
}

Tensor least_squares(const Measurement& measured) {
  const NoGrad no_grad;
  check(measured);
  const std::vector<double> lambda(static_cast<std::size_t>(measured.y.size(0)),
                                   measured.noise_std * measured.noise_std);
  return measured.A.adjoint(solve_normal(measured.A, lambda, measured.y));
}

}  // namespace ito
