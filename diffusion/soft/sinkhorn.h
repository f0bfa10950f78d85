#pragma once
// Wasserstein-2 distances between sets of points by Sinkhorn's algorithm in the log domain (Cuturi
// 2013; Peyre and Cuturi 2019, "Computational Optimal Transport", sections 4.2 to 4.4), and the
// debiased divergence (Feydy et al. 2019).
//
// All points of a set weigh the same. Sums have a fixed order: the same bits for every number of
// threads.

#include "engine/tensor.h"

namespace ito {

struct SinkhornOptions {
  /// Of the entropy, as a share of the mean squared distance between the two sets: the result
  /// scales with the points. Details much finer than its root are blurred.
  double regularisation = 1e-3;
  /// The iteration ends when both marginals of the plan are met:
  ///   sum_i |sum_j P_ij - 1/N| <= tolerance, and the same of the columns.
  /// Rounding alone makes about eps / regularisation of it, in single precision 1e-4.
  double tolerance = 1e-3;
  int max_iterations = 10000;
};

/// The solution of
///   min_P sum_ij P_ij C_ij + r KL(P | uniform),  C_ij = |x_i - y_j|^2, P with uniform marginals.
struct Transport {
  double value;           ///< of the dual problem: at most the minimum, and it at convergence
  double regularisation;  ///< r, in the unit of C
  double violation;       ///< of the marginals, the larger one, as in SinkhornOptions
  int iterations;         ///< of the last r
  Tensor f, g;            ///< dual potentials [N] and [M]: P_ij = exp((f_i + g_j - C_ij) / r) / N M
};

/// Between the rows of x [N, D] and y [M, D]. The regularisation comes down from the largest
/// distance by halves. Throws for shapes that do not fit, points that are not finite, and when
/// max_iterations do not reach the tolerance.
Transport sinkhorn(const Tensor& x, const Tensor& y, const SinkhornOptions& options = {});

/// The squared distance OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2, all with one r: W2^2 without the
/// larger part of the bias of regularisation. Exactly 0 for equal sets; never negative, but for the
/// tolerance.
double sinkhorn_divergence(const Tensor& x, const Tensor& y, const SinkhornOptions& options = {});

}  // namespace ito
