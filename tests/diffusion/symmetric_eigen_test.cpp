// Symmetric eigenproblems against closed forms and against what defines them.

#include "diffusion/symmetric_eigen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "engine/error.h"

namespace ito::test {
namespace {

using Doubles = std::vector<double>;

Doubles random_symmetric(std::size_t D, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  Doubles a(D * D);
  for (std::size_t i = 0; i < D; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      a[i * D + j] = a[j * D + i] = static_cast<double>(engine() >> 11) * 0x1p-52 - 1;
    }
  }
  return a;
}

/// Largest element of |A V - V diag(values)| and of |V^T V - 1|.
double residual(const Doubles& a, const SymmetricEigen& eigen, std::size_t D) {
  double worst = 0;
  for (std::size_t i = 0; i < D; ++i) {
    for (std::size_t k = 0; k < D; ++k) {
      double equation = -eigen.vectors[i * D + k] * eigen.values[k];
      double product = i == k ? -1 : 0;
      for (std::size_t j = 0; j < D; ++j) {
        equation += a[i * D + j] * eigen.vectors[j * D + k];
        product += eigen.vectors[j * D + i] * eigen.vectors[j * D + k];
      }
      worst = std::max({worst, std::abs(equation), std::abs(product)});
    }
  }
  return worst;
}

// Sums of 32 products of rounded numbers of size 1 to 4, after about 10 sweeps: 1e-13 leaves room
// for a few hundred roundings of 1e-16, and a wrong rotation gives an error of order 1.
TEST(SymmetricEigen, DecomposesRandomMatricesOfEverySize) {
  for (std::size_t D = 1; D <= 32; ++D) {
    const Doubles a = random_symmetric(D, D);
    const SymmetricEigen eigen = symmetric_eigen(a, static_cast<Index>(D));
    EXPECT_LT(residual(a, eigen, D), 1e-13) << "D = " << D;
    EXPECT_TRUE(std::is_sorted(eigen.values.begin(), eigen.values.end()));
  }
}

// The second-difference matrix has the eigenvalues 2 - 2 cos(k pi / (D + 1)). Its Frobenius norm is
// 12; 5e-14 is some 20 roundings of that.
TEST(SymmetricEigen, SecondDifferences) {
  constexpr std::size_t D = 24;
  Doubles a(D * D, 0.0);
  for (std::size_t i = 0; i < D; ++i) {
    a[i * D + i] = 2;
    if (i > 0) a[i * D + i - 1] = a[(i - 1) * D + i] = -1;
  }
  const SymmetricEigen eigen = symmetric_eigen(a, D);
  for (std::size_t k = 0; k < D; ++k) {
    const double angle = static_cast<double>(k + 1) * std::numbers::pi / (D + 1);
    EXPECT_NEAR(eigen.values[k], 2 - 2 * std::cos(angle), 5e-14);
  }
}

TEST(SymmetricEigen, SizesFarApart) {
  // Blocks [[1, 1], [1, 1]] (eigenvalues 0 and 2) times 1e200 and 1e-200.
  const double large = 1e200, small = 1e-200;
  const SymmetricEigen eigen = symmetric_eigen({large, large, 0, 0, large, large, 0, 0,  //
                                                0, 0, small, small, 0, 0, small, small},
                                               4);
  EXPECT_NEAR(eigen.values[3] / (2 * large), 1, 1e-15);
  EXPECT_LT(std::abs(eigen.values[0]), 1e-15 * large);
}

TEST(SymmetricEigen, ZeroAndEmpty) {
  EXPECT_EQ(symmetric_eigen(Doubles(9, 0.0), 3).values, Doubles(3, 0.0));
  EXPECT_TRUE(symmetric_eigen({}, 0).values.empty());
}

TEST(SymmetricEigen, RefusesWhatItCannotDecompose) {
  EXPECT_THROW(symmetric_eigen({1, 2, 3}, 2), Error);
  EXPECT_THROW(symmetric_eigen({1, 2, 3, 4}, 2), Error);
  EXPECT_THROW(symmetric_eigen({1, NAN, NAN, 4}, 2), Error);
}

}  // namespace
}  // namespace ito::test
