#include "diffusion/control/matrix_operator.h"

#include <cmath>
#include <numbers>

namespace ito {

MatrixOperator::MatrixOperator(const Shape& domain, const Shape& range, Tensor transposed)
    : Operator(domain, range), transposed_(std::move(transposed)) {
  if (transposed_.shape() != Shape{domain.elements(), range.elements()})
    fail("operator", "expected a matrix [", domain.elements(), ", ", range.elements(), "] from ",
         domain, " to ", range, ", got ", transposed_.shape());
}

Tensor MatrixOperator::apply(const Tensor& x) const {
  const Index N = x.size(0);
  return reshape(matmul(reshape(x, {N, -1}), transposed_), batch_shape(N, range()));
}

std::unique_ptr<Operator> random_projections(const Shape& item, Index M, std::uint64_t seed) {
  const Index D = item.elements();
  if (M < 1 || M > D)
    fail("random", "expected 1 to ", D, " projections of items ", item, ", got ", M);
  const Tensor A =
      random_normal({D, M}, {seed, Purpose::probe}) / std::sqrt(static_cast<double>(D));
  return std::make_unique<MatrixOperator>(item, Shape{M}, A);
}

namespace {

Index detectors_of(const Shape& item) {
  if (item.rank() != 3 || item[2] != 1)
    fail("radon", "expected images of one channel [H, W, 1], the model's are ", item);
  const auto diagonal = std::hypot(static_cast<double>(item[0]), static_cast<double>(item[1]));
  return static_cast<Index>(std::ceil(diagonal)) + 1;
}

/// Row by row of pixels: a pixel's mass is shared by the two detectors that its centre lies
/// between.
Tensor radon_matrix(const Shape& item, Index angles) {
  const Index H = item[0], W = item[1], detectors = detectors_of(item);
  if (angles < 1 || angles > 720) fail("radon", "expected 1 to 720 angles, got ", angles);
  Tensor matrix = Tensor::zeros({H * W, angles * detectors});
  Real* row = matrix.mutable_data();
  for (Index pixel = 0; pixel < H * W; ++pixel, row += angles * detectors) {
    const double y = static_cast<double>(H - 1) / 2 - static_cast<double>(pixel / W),
                 x = static_cast<double>(pixel % W) - static_cast<double>(W - 1) / 2;
    for (Index a = 0; a < angles; ++a) {
      const double theta = std::numbers::pi * static_cast<double>(a) / static_cast<double>(angles);
      const double place =
          x * std::cos(theta) + y * std::sin(theta) + static_cast<double>(detectors - 1) / 2;
      const auto below = static_cast<Index>(std::floor(place));
      const double share = place - static_cast<double>(below);
      row[a * detectors + below] = static_cast<Real>(1 - share);
      if (share > 0) row[a * detectors + below + 1] = static_cast<Real>(share);
    }
  }
  return matrix;
}

/// The ramp filter |frequency| of detectors one pixel apart, cut off at half a cycle per pixel.
Tensor ramp_filter(Index detectors, Device device) {
  std::vector<Real> values;
  for (Index i = 0; i < detectors; ++i) {
    for (Index j = 0; j < detectors; ++j) {
      const auto k = static_cast<double>(i - j) * std::numbers::pi;
      values.push_back(static_cast<Real>(i == j ? 0.25 : (i - j) % 2 == 0 ? 0 : -1 / (k * k)));
    }
  }
  return Tensor({detectors, detectors}, values, device);
}

}  // namespace

Radon::Radon(const Shape& item, Index angles)
    : MatrixOperator(item, {angles, detectors_of(item), 1}, radon_matrix(item, angles)) {}

Tensor Radon::filtered_back_projection(const Tensor& y) const {
  const Index angles = range()[0], detectors = range()[1];
  const Tensor rows = reshape(y, {y.size(0), angles, detectors});
  const Tensor filtered = reshape(matmul(rows, ramp_filter(detectors, y.device())), y.shape());
  return adjoint(filtered) * (std::numbers::pi / static_cast<double>(angles));
}

}  // namespace ito
