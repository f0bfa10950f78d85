#pragma once
// Eigenvalues and eigenvectors of small symmetric matrices, in double: what covariances need.

#include <vector>

namespace ito {

/// A = Q diag(values) Q^T; Q row-major, its columns the eigenvectors.
struct SymmetricEigen {
  std::vector<double> values;   ///< [D], ascending
  std::vector<double> vectors;  ///< Q [D, D]
};

/// Of the row-major symmetric A [D, D], by cyclic Jacobi rotations (Golub and Van Loan, section
/// 8.5): accurate to rounding for every eigenvalue, O(D^3) a sweep, a handful of sweeps. Reads both
/// triangles; throws unless A is square, finite and symmetric to rounding.
SymmetricEigen symmetric_eigen(const std::vector<double>& A);

}  // namespace ito
