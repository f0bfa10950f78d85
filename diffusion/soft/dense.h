#pragma once
// A few operations on small dense matrices in double, row-major.

#include <cstddef>
#include <vector>

namespace ito::dense {

using Matrix = std::vector<double>;

/// A [m, k] times B [k, n].
Matrix times(const Matrix& A, const Matrix& B, std::size_t k);
/// A [m, n] transposed: [n, m].
Matrix transposed(const Matrix& A, std::size_t n);
/// V^-1 B for V [D, D] symmetric and positive definite, B [D, n], by Cholesky's decomposition.
/// Throws when V is not positive definite.
Matrix solve(Matrix V, Matrix B, std::size_t D);
/// V + value I, V [D, D].
Matrix plus_diagonal(Matrix V, double value, std::size_t D);

}  // namespace ito::dense
