#pragma once
// Where the samplers of soft diffusion start: x_1 = c u + sigma_1 eta, an image shape u in a random
// colour c ~ N(mean, covariance), and noise (Daras et al. 2022, section 4). Where C_1 leaves
// nothing, as behind a mask, that is noise alone.

#include <vector>

#include "diffusion/samplers/noise_source.h"
#include "diffusion/soft/gaussian_truth.h"

namespace ito {

struct SoftPrior {
  Tensor shape;                           ///< u [H, W], largest value 1
  std::vector<double> colour_mean;        ///< [C]
  std::vector<double> colour_covariance;  ///< [C, C]
  double sigma = 0;                       ///< sigma_1

  /// x_1 [N, H, W, C]: the noise is the draw 0 of Purpose::prior, the colours are of draw 1.
  Tensor sample(const NoiseSource& noise) const;
  /// How the prior is distributed in the coordinates U [H W C, r]: U^T x_1.
  Gaussian in_coordinates(const std::vector<double>& U) const;
};

enum class PriorShape {
  fitted,   ///< shape and colours by least squares to C_1 x_0: what blur leaves of the images
  constant  ///< u = 1, colours the means of the images x_0: as published. With zero padding blur
            ///< darkens the border, so that C_1 x_0 looks otherwise.
};

/// Fits the prior to images x_0 [n, H, W, C], n at least 2. Throws for items of another rank.
SoftPrior fit_prior(const SoftDiffusion& diffusion, const Tensor& x_0,
                    PriorShape shape = PriorShape::fitted);

/// How far a prior is from the truth.
struct PriorError {
  double wasserstein;  ///< W2 of the prior and x_1 = C_1 x_0 + sigma_1 eta, both as Gaussians
  double spread;       ///< root mean square distance of x_1 from its mean, to compare with
};
/// Of images x_0; with more than 256 pixels in the span of 200 of them (corrupted) and the prior.
PriorError prior_error(const SoftPrior& prior, const SoftDiffusion& diffusion, const Tensor& x_0);

}  // namespace ito
