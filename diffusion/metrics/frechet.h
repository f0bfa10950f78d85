#pragma once
// The Frechet distance between two sets of feature vectors, each seen as a Gaussian.

#include <vector>

#include "engine/tensor.h"

namespace ito {

/// Mean and covariance of a set of vectors, in double.
struct FeatureMoments {
  std::vector<double> mean;        ///< [D]
  std::vector<double> covariance;  ///< [D, D], row-major, normalised by n - 1
};

/// Moments of features [n, D]. Throws when the shape is another, n < 2 or a value is not finite.
FeatureMoments feature_moments(const Tensor& features);

/// |m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2)) for means m and covariances A, B: the squared
/// Wasserstein-2 distance of the two Gaussians (Dowson and Landau 1982), which in the features of a
/// classifier is the number called FID (Heusel et al. 2017). In squared units of the features. The
/// trace of the root is computed as the sum of the square roots of the eigenvalues of the
/// symmetric matrix A^(1/2) B A^(1/2), so covariances without full rank are welcome.
///
/// The value is accurate to about 1e-7 of tr(A + B) and never negative. As an estimate from
/// samples it is biased upwards, more so for fewer samples: compare numbers of equal n only.
double frechet_distance(const FeatureMoments& a, const FeatureMoments& b);

/// The same between two sets of feature vectors [n, D] and [m, D].
double frechet_distance(const Tensor& a, const Tensor& b);

}  // namespace ito
