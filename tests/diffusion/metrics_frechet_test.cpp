// The Frechet distance of Gaussians against closed forms.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "diffusion/metrics/frechet.h"

namespace ito::test {
namespace {

using Doubles = std::vector<double>;

/// Mean 0 and a diagonal covariance.
FeatureMoments diagonal(const Doubles& variances) {
  const std::size_t D = variances.size();
  FeatureMoments moments{Doubles(D, 0.0), Doubles(D * D, 0.0)};
  for (std::size_t d = 0; d < D; ++d) moments.covariance[d * D + d] = variances[d];
  return moments;
}

/// H M H for the reflection H = 1 - 2 v v^T / |v|^2 with v = (1, 2, ..., D).
Doubles reflected(const Doubles& m, std::size_t D) {
  Doubles h(D * D);
  double squares = 0;
  for (std::size_t i = 1; i <= D; ++i) squares += static_cast<double>(i * i);
  for (std::size_t i = 0; i < D; ++i) {
    for (std::size_t j = 0; j < D; ++j) {
      h[i * D + j] = (i == j) - 2 * static_cast<double>((i + 1) * (j + 1)) / squares;
    }
  }
  Doubles result(D * D, 0.0);
  for (std::size_t i = 0; i < D; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t k = 0; k < D; ++k) {
        for (std::size_t l = 0; l < D; ++l) {
          result[i * D + j] += h[i * D + k] * m[k * D + l] * h[l * D + j];
        }
      }
      result[j * D + i] = result[i * D + j];
    }
  }
  return result;
}

// (m - n)^2 + (s - t)^2 for standard deviations s and t.
TEST(Frechet, OneDimension) {
  const FeatureMoments a{{1.5}, {4}}, b{{-0.5}, {0.25}};
  EXPECT_NEAR(frechet_distance(a, b), 4 + 1.5 * 1.5, 1e-13);
}

// Commuting covariances: |m - n|^2 + sum_d (s_d - t_d)^2, in the basis of the axes and in one
// turned away from it. Products s^2 t^2 reach 250; 1e-14 of that under a root of at least 0.05
// makes 3e-11.
TEST(Frechet, CommutingCovariancesOfEverySize) {
  for (std::size_t D = 1; D <= 32; ++D) {
    Doubles s2, t2;
    double expected = 0;
    for (std::size_t d = 0; d < D; ++d) {
      const double s = 0.1 + 0.2 * static_cast<double>(d),
                   t = 1.5 + std::sin(static_cast<double>(d));
      s2.push_back(s * s);
      t2.push_back(t * t);
      expected += (s - t) * (s - t);
    }
    FeatureMoments a = diagonal(s2), b = diagonal(t2);
    for (std::size_t d = 0; d < D; ++d) a.mean[d] = 0.5;
    expected += 0.25 * static_cast<double>(D);
    EXPECT_NEAR(frechet_distance(a, b), expected, 3e-11) << "D = " << D;
    a.covariance = reflected(a.covariance, D);
    b.covariance = reflected(b.covariance, D);
    EXPECT_NEAR(frechet_distance(a, b), expected, 3e-11) << "D = " << D << ", turned";
  }
}

// Two dimensions, covariances that do not commute: for a 2x2 matrix M with eigenvalues of at least
// 0, tr M^(1/2) = sqrt(tr M + 2 sqrt(det M)). With A = diag(4, 1) and B = R diag(9, 1) R^T turned
// by 30 degrees: det(A B) = 36, tr(A B) = 4 (9 c^2 + s^2) + (9 s^2 + c^2).
TEST(Frechet, TurnedEllipses) {
  const double c2 = 0.75, s2 = 0.25, cs = std::sqrt(c2 * s2);
  const FeatureMoments a{{0, 0}, {4, 0, 0, 1}};
  const FeatureMoments b{{3, 4}, {9 * c2 + s2, 8 * cs, 8 * cs, 9 * s2 + c2}};
  const double trace = 4 * (9 * c2 + s2) + (9 * s2 + c2);
  const double expected = 25 + 5 + 10 - 2 * std::sqrt(trace + 2 * 6);
  EXPECT_NEAR(frechet_distance(a, b), expected, 1e-12);
  EXPECT_NEAR(frechet_distance(b, a), expected, 1e-12);
}

// Values computed apart, with SciPy's Schur-based matrix square root.
TEST(Frechet, FiveDimensionsAgainstSciPy) {
  Doubles a(25), b(25);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 5; ++j) {
      const auto x = static_cast<double>(i), y = static_cast<double>(j);
      a[i * 5 + j] = (i == j ? 1.0 : 0.0) + 1 / (x + y + 1);      // 1 + Hilbert matrix
      b[i * 5 + j] = std::min(x, y) + 1 + 0.5 * std::cos(x - y);  // Brownian + stationary
    }
  }
  const FeatureMoments first{{0, 0, 0, 0, 0}, a}, second{{1, 0, -1, 0, 2}, b};
  EXPECT_NEAR(frechet_distance(first, second), 11.918419833294514, 1e-11);
}

// Rounding can move a zero eigenvalue to 1e-15 of the largest; its root is then 3e-8 of the largest
// root. The promise is 1e-7 of tr(A + B), 14 and 8.
TEST(Frechet, CovariancesWithoutFullRank) {
  EXPECT_NEAR(frechet_distance(diagonal({4, 0, 0}), diagonal({1, 9, 0})), 1 + 9, 1e-13);
  FeatureMoments a = diagonal({4, 0, 0, 0}), b = diagonal({0, 1, 0, 9});
  a.covariance = reflected(a.covariance, 4);
  b.covariance = reflected(b.covariance, 4);
  EXPECT_NEAR(frechet_distance(a, b), 14, 14e-7);
  EXPECT_NEAR(frechet_distance(a, a), 0, 8e-7);
  EXPECT_EQ(frechet_distance(diagonal({0, 0}), diagonal({0, 0})), 0);
}

// Four points whose moments are known: mean (2, 1), covariance [[8/3, 4/3], [4/3, 4/3]]; an equal
// set moved by (3, 4) is 25 away.
TEST(Frechet, MomentsOfPoints) {
  const Tensor points({4, 2}, {0, 0, 2, 0, 2, 2, 4, 2});
  const FeatureMoments moments = feature_moments(points);
  EXPECT_NEAR(moments.mean[0], 2, 1e-15);
  EXPECT_NEAR(moments.mean[1], 1, 1e-15);
  const Doubles expected = {8.0 / 3, 4.0 / 3, 4.0 / 3, 4.0 / 3};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(moments.covariance[i], expected[i], 1e-15);
  const Tensor moved({4, 2}, {3, 4, 5, 4, 5, 6, 7, 6});
  EXPECT_NEAR(frechet_distance(points, moved), 25, 1e-13);
}

TEST(Frechet, RefusesWhatHasNoMoments) {
  EXPECT_THROW(feature_moments(Tensor::zeros({1, 3})), Error);
  EXPECT_THROW(feature_moments(Tensor::zeros({4, 2, 2})), Error);
  EXPECT_THROW(feature_moments(Tensor::full({4, 2}, NAN)), Error);
  EXPECT_THROW(frechet_distance(diagonal({1, 2}), diagonal({1, 2, 3})), Error);
  EXPECT_THROW(frechet_distance({{0, 0}, {1, 0, 0}}, diagonal({1, 2})), Error);
}

}  // namespace
}  // namespace ito::test
