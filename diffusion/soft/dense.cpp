#include "diffusion/soft/dense.h"

#include <cmath>

#include "engine/error.h"

namespace ito::dense {

Matrix times(const Matrix& A, const Matrix& B, std::size_t k) {
  const std::size_t m = A.size() / k, n = B.size() / k;
  Matrix C(m * n, 0.0);
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t l = 0; l < k; ++l)
      for (std::size_t j = 0; j < n; ++j) C[i * n + j] += A[i * k + l] * B[l * n + j];
  return C;
}

Matrix transposed(const Matrix& A, std::size_t n) {
  const std::size_t m = A.size() / n;
  Matrix T(A.size());
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) T[j * m + i] = A[i * n + j];
  return T;
}

namespace {

/// V = L L^T, L in the lower half of V.
void cholesky(Matrix& V, std::size_t D) {
  for (std::size_t j = 0; j < D; ++j) {
    for (std::size_t k = 0; k < j; ++k)
      for (std::size_t i = j; i < D; ++i) V[i * D + j] -= V[i * D + k] * V[j * D + k];
    if (!(V[j * D + j] > 0)) fail("cholesky", "the matrix is not positive definite");
    const double pivot = std::sqrt(V[j * D + j]);
    for (std::size_t i = j; i < D; ++i) V[i * D + j] /= pivot;
  }
}

}  // namespace

Matrix solve(Matrix V, Matrix B, std::size_t D) {
  cholesky(V, D);
  const std::size_t n = B.size() / D;
  const auto subtract = [&](std::size_t i, std::size_t k, double factor) {
    for (std::size_t j = 0; j < n; ++j) B[i * n + j] -= factor * B[k * n + j];
  };
  const auto divide = [&](std::size_t i) {
    for (std::size_t j = 0; j < n; ++j) B[i * n + j] /= V[i * D + i];
  };
  for (std::size_t i = 0; i < D; ++i) {  // L y = B
    for (std::size_t k = 0; k < i; ++k) subtract(i, k, V[i * D + k]);
    divide(i);
  }
  for (std::size_t i = D; i-- > 0;) {  // L^T x = y
    for (std::size_t k = i + 1; k < D; ++k) subtract(i, k, V[k * D + i]);
    divide(i);
  }
  return B;
}

Matrix plus_diagonal(Matrix V, double value, std::size_t D) {
  for (std::size_t i = 0; i < D; ++i) V[i * D + i] += value;
  return V;
}

}  // namespace ito::dense
