#include "diffusion/control/decoupling.h"

#include <cmath>
#include <numbers>

namespace ito {

namespace {
constexpr double third = std::numbers::inv_sqrt3, half = std::numbers::sqrt2 / 2,
                 sixth = third * half;  // the square roots of these fractions
}  // namespace

const std::array<double, 9> published_decoupling = {third, -2 * sixth, 0,     //
                                                    third, sixth,      half,  //
                                                    third, sixth,      -half};

namespace {

using Matrix3 = std::array<double, 9>;

/// a^T b.
Matrix3 transposed_product(const Matrix3& a, const Matrix3& b) {
  Matrix3 c{};
  for (std::size_t i = 0; i < 27; ++i)
    c[i / 3] += a[3 * (i % 3) + i / 9] * b[3 * (i % 3) + i / 3 % 3];
  return c;
}

void check_orthonormal(const Matrix3& square) {
  for (std::size_t i = 0; i < 9; ++i) {
    if (!(std::abs(square[i] - (i % 4 == 0 ? 1 : 0)) <= 1e-6))
      fail("decoupling", "expected orthonormal columns, but the product of columns ", i / 3,
           " and ", i % 3, " is ", square[i]);
  }
}

Tensor matrix_tensor(const Matrix3& m) { return {{3, 3}, std::vector<Real>(m.begin(), m.end())}; }

}  // namespace

Decoupling::Decoupling(const Matrix3& M) : M_(matrix_tensor(M)) {
  Matrix3 square = transposed_product(M, M), transpose{}, inverse{};
  check_orthonormal(square);
  // M^-1 = (2 - M^T M) M^T up to the square of what the columns lack of being orthonormal: a matrix
  // that was rounded, as the published one, is then undone to the last bit.
  for (std::size_t i = 0; i < 9; ++i) {
    square[i] = (i % 4 == 0 ? 2 : 0) - square[i];
    transpose[i] = M[3 * (i % 3) + i / 3];
  }
  inverse = transposed_product(square, transpose);  // the square is symmetric
  inverse_ = matrix_tensor(inverse);
}

Tensor Decoupling::luminance(const Tensor& x) const {
  const Index channels = x.size(-1);
  if (x.rank() != 4 || (channels != 1 && channels != 3))
    fail("decoupling", "expected images [N, H, W, 3] or grey ones [N, H, W, 1], got ", x.shape());
  const Tensor grey = mean(x, {3}, true);
  const Tensor white({1, 1, 1, 3}, {static_cast<Real>(std::numbers::sqrt3), 0, 0}, x.device());
  return grey * white;
}

Tensor luminance_mask(Device device) { return Tensor({1, 1, 1, 3}, {1, 0, 0}, device); }

}  // namespace ito
