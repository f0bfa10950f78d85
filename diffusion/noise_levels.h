#pragma once
// Noise levels and step sizes from the data (Song and Ermon 2020, "Improved Techniques for Training
// Score-Based Generative Models"): techniques 1, 2 and 4. Levels are a geometric sequence from
// sigma_1, the largest, down to sigma_L, with ratio gamma = sigma_i / sigma_{i+1}.

#include "diffusion/data/image_set.h"

namespace ito {

/// Two images and the Euclidean distance between them.
struct FarPair {
  double distance;
  Index first, second;  ///< rows of the set, first < second
};

/// Technique 1: sigma_1 is the largest distance between two images, in the unit of Range::unit.
/// Exhaustive, by matrix products: N^2 D operations. Throws for fewer than two images.
FarPair largest_distance(const ImageSet& images);

/// The overlap of neighbouring levels in D dimensions: the probability that the radius of a point
/// of the smaller level, N(sqrt(D) sigma, sigma^2 / 2) nearly, is within three standard deviations
/// of that of the larger one (section 3.2),
///   Phi(sqrt(2 D) (gamma - 1) + 3 gamma) - Phi(sqrt(2 D) (gamma - 1) - 3 gamma),
/// Phi the normal distribution function.
double level_overlap(Index D, double gamma);

/// Technique 2: the ratio whose overlap is `overlap`. Throws for D < 5, where every ratio overlaps
/// more than half, and unless 0 < overlap < 0.99.
double level_ratio(Index D, double overlap = 0.5);

/// How many levels lead from sigma_1 to sigma_L by ratios of at most gamma.
Index level_count(double sigma_1, double sigma_L, double gamma);
/// The ratio of L levels, 1 for a single one.
double ratio_of_levels(double sigma_1, double sigma_L, Index L);

/// Technique 4: T Langevin steps x + e s + sqrt(2 e) z with e = eps sigma_i^2 / sigma_L^2, begun at
/// the variance of the level before, end at s_T^2 (proposition 3). With r = eps / sigma_L^2
///   s_T^2 / sigma^2 = (1 - r)^{2T} (gamma^2 - 2 / (2 - r)) + 2 / (2 - r),
/// which is above 1 at every level alike.
double langevin_variance(double r, double gamma, Index T);

struct LangevinStep {
  double eps;       ///< of the last level, in ito's convention x + e s + sqrt(2 e) z
  double variance;  ///< s_T^2 / sigma^2, at its minimum over eps
};
/// The step size that comes closest to s_T^2 / sigma^2 = 1.
LangevinStep best_langevin_step(double sigma_L, double gamma, Index T);

}  // namespace ito
