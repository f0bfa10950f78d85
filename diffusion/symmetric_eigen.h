#pragma once
// Eigenvalues and eigenvectors of a real symmetric matrix, in double.

#include <vector>

#include "kernels/types.h"

namespace ito {

/// A = V diag(values) V^T.
struct SymmetricEigen {
  std::vector<double> values;   ///< [D], ascending
  std::vector<double> vectors;  ///< V [D, D], row-major: column k belongs to values[k]
};

/// Decomposes `matrix` [D, D] by cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations,
/// section 8.5). Errors in the eigenvalues are a few 1e-15 times the largest of them.
/// Meant for hundreds of rows at most: each sweep costs about 6 D^3 operations. Throws when the
/// matrix is not square, not finite or not symmetric (to 1e-9 of its largest element).
SymmetricEigen symmetric_eigen(std::vector<double> matrix, Index D);

}  // namespace ito
