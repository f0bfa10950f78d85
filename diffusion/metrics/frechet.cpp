#include "diffusion/metrics/frechet.h"

#include <algorithm>
#include <cmath>

#include "diffusion/symmetric_eigen.h"

namespace ito {
namespace {

using Doubles = std::vector<double>;

/// Row-major [D, D] times [D, D].
Doubles product(const Doubles& a, const Doubles& b, std::size_t D) {
  Doubles c(D * D, 0.0);
  for (std::size_t i = 0; i < D; ++i) {
    for (std::size_t k = 0; k < D; ++k) {
      for (std::size_t j = 0; j < D; ++j) c[i * D + j] += a[i * D + k] * b[k * D + j];
    }
  }
  return c;
}

/// The root of an eigenvalue of a positive semi-definite matrix, which rounding can push below 0.
double root(double eigenvalue) { return std::sqrt(std::max(eigenvalue, 0.0)); }

/// The positive semi-definite square root V diag(sqrt(values)) V^T.
Doubles matrix_root(const Doubles& matrix, std::size_t D) {
  const SymmetricEigen eigen = symmetric_eigen(matrix, static_cast<Index>(D));
  Doubles scaled(D * D), transposed(D * D);
  for (std::size_t i = 0; i < D; ++i) {
    for (std::size_t k = 0; k < D; ++k) {
      scaled[i * D + k] = eigen.vectors[i * D + k] * root(eigen.values[k]);
      transposed[k * D + i] = eigen.vectors[i * D + k];
    }
  }
  return product(scaled, transposed, D);
}

void make_symmetric(Doubles& matrix, std::size_t D) {
  for (std::size_t i = 0; i < D; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double both = (matrix[i * D + j] + matrix[j * D + i]) / 2;
      matrix[i * D + j] = matrix[j * D + i] = both;
    }
  }
}

/// tr (A B)^(1/2).
double trace_of_root(const Doubles& a, const Doubles& b, std::size_t D) {
  const Doubles root_a = matrix_root(a, D);
  Doubles inner = product(product(root_a, b, D), root_a, D);
  make_symmetric(inner, D);
  double trace = 0;
  for (const double value : symmetric_eigen(inner, static_cast<Index>(D)).values) {
    trace += root(value);
  }
  return trace;
}

void check(const FeatureMoments& moments) {
  const std::size_t D = moments.mean.size();
  if (moments.covariance.size() != D * D) {
    fail("frechet_distance", "expected ", D, " x ", D, " covariances for ", D, " means, got ",
         moments.covariance.size());
  }
}

}  // namespace

FeatureMoments feature_moments(const Tensor& features) {
  if (features.rank() != 2 || features.size(0) < 2 || features.size(1) < 1) {
    fail("feature_moments", "expected features [n, D] with n of at least 2, got ",
         features.shape());
  }
  const std::vector<Real> x = features.to_host();
  const auto n = static_cast<std::size_t>(features.size(0));
  const auto D = static_cast<std::size_t>(features.size(1));
  FeatureMoments moments{Doubles(D, 0.0), Doubles(D * D, 0.0)};
  for (std::size_t i = 0; i < n * D; ++i) {
    if (!std::isfinite(x[i])) fail("feature_moments", "vector ", i / D, " holds ", x[i]);
    moments.mean[i % D] += static_cast<double>(x[i]) / static_cast<double>(n);
  }
  Doubles centred(D);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t d = 0; d < D; ++d) centred[d] = x[i * D + d] - moments.mean[d];
    for (std::size_t d = 0; d < D; ++d) {
      for (std::size_t e = 0; e < D; ++e) moments.covariance[d * D + e] += centred[d] * centred[e];
    }
  }
  for (double& c : moments.covariance) c /= static_cast<double>(n - 1);
  return moments;
}

double frechet_distance(const FeatureMoments& a, const FeatureMoments& b) {
  check(a);
  check(b);
  const std::size_t D = a.mean.size();
  if (b.mean.size() != D) {
    fail("frechet_distance", "features of size ", D, " and of size ", b.mean.size());
  }
  double distance = -2 * trace_of_root(a.covariance, b.covariance, D);
  for (std::size_t d = 0; d < D; ++d) {
    const double difference = a.mean[d] - b.mean[d];
    distance += difference * difference + a.covariance[d * D + d] + b.covariance[d * D + d];
  }
  return std::max(distance, 0.0);
}

double frechet_distance(const Tensor& a, const Tensor& b) {
  return frechet_distance(feature_moments(a), feature_moments(b));
}

}  // namespace ito
