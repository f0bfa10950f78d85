#include "diffusion/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/error.h"

namespace ito {

namespace {

std::size_t checked_size(const std::vector<double>& A) {
  auto D = static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(A.size()))));
  if (D * D != A.size())
    fail("symmetric_eigen", "expected a square matrix, got ", A.size(), " elements");
  double largest = 0;
  for (double a : A) largest = std::max(largest, std::isfinite(a) ? std::abs(a) : INFINITY);
  if (!std::isfinite(largest))
    fail("symmetric_eigen", "the matrix has elements that are not finite");
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (std::abs(A[i * D + j] - A[j * D + i]) > 1e-9 * largest)
        fail("symmetric_eigen", "expected a symmetric matrix, got ", A[i * D + j], " at [", i, ", ",
             j, "] and ", A[j * D + i], " across");
  return D;
}

/// Rotates A and Q in the plane (p, q) so that A[p, q] becomes 0.
void rotate(std::vector<double>& A, std::vector<double>& Q, std::size_t D, std::size_t p,
            std::size_t q) {
  double theta = (A[q * D + q] - A[p * D + p]) / (2 * A[p * D + q]);
  double t = std::copysign(1 / (std::abs(theta) + std::hypot(theta, 1)), theta);
  double c = 1 / std::hypot(t, 1), s = t * c;
  for (std::size_t k = 0; k < D; ++k) {  // A <- A J, Q <- Q J
    double a_p = A[k * D + p], a_q = A[k * D + q];
    A[k * D + p] = c * a_p - s * a_q;
    A[k * D + q] = s * a_p + c * a_q;
    double q_p = Q[k * D + p], q_q = Q[k * D + q];
    Q[k * D + p] = c * q_p - s * q_q;
    Q[k * D + q] = s * q_p + c * q_q;
  }
  for (std::size_t k = 0; k < D; ++k) {  // A <- J^T A
    double a_p = A[p * D + k], a_q = A[q * D + k];
    A[p * D + k] = c * a_p - s * a_q;
    A[q * D + k] = s * a_p + c * a_q;
  }
}

/// One sweep over all planes; whether anything was left to rotate.
bool sweep(std::vector<double>& A, std::vector<double>& Q, std::size_t D) {
  bool rotated = false;
  for (std::size_t p = 0; p < D; ++p)
    for (std::size_t q = p + 1; q < D; ++q) {
      double scale = std::sqrt(std::abs(A[p * D + p])) * std::sqrt(std::abs(A[q * D + q]));
      double off = std::abs(A[p * D + q]);
      if (off <= 1e-16 * scale || off < 1e-300) continue;
      rotate(A, Q, D, p, q);
      rotated = true;
    }
  return rotated;
}

}  // namespace

SymmetricEigen symmetric_eigen(const std::vector<double>& matrix) {
  std::size_t D = checked_size(matrix);
  std::vector<double> A = matrix, Q(D * D, 0);
  for (std::size_t i = 0; i < D; ++i) Q[i * D + i] = 1;
  constexpr int most_sweeps = 50;  // convergence is quadratic: about 10 are used
  for (int n = 0; n < most_sweeps && sweep(A, Q, D); ++n) {
  }

  std::vector<std::size_t> order(D);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t i, std::size_t j) { return A[i * D + i] < A[j * D + j]; });
  SymmetricEigen result{std::vector<double>(D), std::vector<double>(D * D)};
  for (std::size_t j = 0; j < D; ++j) {
    result.values[j] = A[order[j] * D + order[j]];
    for (std::size_t i = 0; i < D; ++i) result.vectors[i * D + j] = Q[i * D + order[j]];
  }
  return result;
}

}  // namespace ito
