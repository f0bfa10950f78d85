#pragma once
// How far methods for inverse problems are from the posterior, on priors where it is known.

#include <memory>
#include <string>
#include <vector>

#include "diffusion/control/operator.h"
#include "diffusion/mixture.h"

namespace ito {

/// One measurement y = A x + n of a known prior, and what follows from it.
struct PosteriorProblem {
  std::string prior, operation;  ///< names
  GaussianMixture distribution;  ///< the prior
  std::unique_ptr<Operator> A;
  Tensor y;  ///< [1, range...]
  double noise_std;
  GaussianMixture posterior;
};

/// Problems in 2, 16 (4 x 4) or 64 (8 x 8) dimensions, noise 0.2. Priors: "gaussian", neighbouring
/// numbers correlated as exp(-distance / 2) with variance 1; "mixture", two such Gaussians of a
/// third of the variance with means +1 and -1 on the even and odd numbers, weights 0.6 and 0.4.
/// Operators: half of the numbers, as many random projections, and but in 2 dimensions box
/// down-sampling by 2. The measured x is drawn from the prior by `seed`. Throws for another
/// dimension.
std::vector<PosteriorProblem> posterior_problems(Index dimension, std::uint64_t seed);

/// Samples against a known distribution.
struct PosteriorErrors {
  double mean;                      ///< |m - m*| / sqrt(trace C*)
  double covariance;                ///< |C - C*| / |C*|, Frobenius
  double sliced_wasserstein;        ///< to as many exact samples; 64 directions
  double coverage_50, coverage_90;  ///< share of exact samples within the central intervals of each
                                    ///< coordinate, 0.5 and 0.9 when all is well
};

/// x [N, ...], N at least 20; the exact samples are drawn by `seed`.
PosteriorErrors compare_with(const GaussianMixture& exact, const Tensor& x, std::uint64_t seed);

/// Sliced Wasserstein-2 distance of two sets of N vectors [N, D]: the root of the mean over 64
/// random directions of the squared distance in one dimension (Rabin et al. 2011).
double sliced_wasserstein(const Tensor& a, const Tensor& b, std::uint64_t seed);

}  // namespace ito
