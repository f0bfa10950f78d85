#pragma once
// Measurements given by a matrix: random projections, and the Radon transform of tomography.

#include "diffusion/control/operator.h"

namespace ito {

/// y = A x for flattened items.
class MatrixOperator : public Operator {
 public:
  /// `transposed` is A^T, [elements of the domain, elements of the range].
  MatrixOperator(const Shape& domain, const Shape& range, Tensor transposed);

  Tensor apply(const Tensor& x) const override;
  void move(Device device) override { transposed_ = transposed_.to(device); }

 private:
  Tensor transposed_;
};

/// M random projections of any item: entries of A are N(0, 1/D), D the item's elements, so that a
/// projection of white noise is of variance 1.
std::unique_ptr<Operator> random_projections(const Shape& item, Index M, std::uint64_t seed);

/// Parallel-beam tomography of images [H, W, 1]: line integrals along `angles` directions spread
/// evenly over 180 degrees, with detectors one pixel apart: [angles, detectors, 1].
class Radon : public MatrixOperator {
 public:
  Radon(const Shape& item, Index angles);

  /// The baseline of filtered back-projection (Ramachandran and Lakshminarayanan 1971):
  /// y [N, angles, detectors, 1] -> [N, H, W, 1].
  Tensor filtered_back_projection(const Tensor& y) const;
};

}  // namespace ito
