#pragma once
// Linear measurements y = A x + noise of inverse problems. An operator says what A does to an
// image; its adjoint follows by differentiation, as <A x, y> is linear in x.

#include <memory>

#include "diffusion/samplers/constraint.h"

namespace ito {

struct Measurement;

class Operator {
 public:
  /// Items of shape `domain` (such as [H, W, C] or [D]) are measured as items of shape `range`.
  Operator(Shape domain, Shape range) : domain_(std::move(domain)), range_(std::move(range)) {}
  virtual ~Operator() = default;

  const Shape& domain() const { return domain_; }
  const Shape& range() const { return range_; }

  /// A x: x [N, domain...] -> [N, range...], made of differentiable operations.
  virtual Tensor apply(const Tensor& x) const = 0;
  /// A^T y: y [N, range...] -> [N, domain...], the vector-Jacobian product of `apply`.
  virtual Tensor adjoint(const Tensor& y) const;

  /// Moves what it holds to where it is to be applied.
  virtual void move(Device /*device*/) {}

  /// Keeps the state of a sampler in agreement with the measurement: in general `Projection`
  /// (diffusion/control/projection.h), which an operator that knows better may replace. Refers to
  /// this operator and to `sde`.
  virtual std::unique_ptr<Constraint> constraint(const Sde& sde, const Measurement& measured) const;

 private:
  Shape domain_, range_;
};

/// y = A x + noise_std z, in the scale that the model sees its data in.
struct Measurement {
  const Operator& A;
  Tensor y;  ///< [N, range...]
  double noise_std = 0;
};

/// [N, item...].
Shape batch_shape(Index N, const Shape& item);

/// Throws unless y is [N, A.range()...] and noise_std is at least 0.
void check(const Measurement& measured);
/// Throws unless <A x, y> = <x, A^T y> for random x and y, within rounding (1e-4 of |A x| |y| in
/// float, 1e-10 in double), and unless `apply` is linear to the same degree.
void check_adjoint(const Operator& A);

/// (A A^T + lambda_n I)^-1 b for each sample n, by conjugate gradients (Hestenes and Stiefel 1952):
/// b [N, range...], lambda_n >= 0. Each sample stops by itself when its residual is 1e-6 (1e-12 in
/// double) of b, or after `iterations`. Where A A^T is singular b must be in its range.
Tensor solve_normal(const Operator& A, const std::vector<double>& lambda, const Tensor& b,
                    int iterations = 200);

/// The baseline A^T (A A^T + noise_std^2 I)^-1 y: without noise the smallest x with A x = y
/// (least squares), with noise the mean of p(x | y) under the prior N(0, I).
Tensor least_squares(const Measurement& measured);

}  // namespace ito
