#pragma once
// What a sampler makes of a Gaussian, without a single draw: with an affine denoiser each step is
// affine in the state and in its noise, so the state stays Gaussian and its moments follow.

#include "diffusion/soft/gaussian_truth.h"
#include "diffusion/soft/soft_samplers.h"

namespace ito {

/// What comes out of a sampler, and how it goes together with what went in.
struct SampledGaussian {
  Gaussian result;
  std::vector<double> cross;  ///< Cov(result, x_1), [D, D]
};

/// The law of soft_sample's result from x_1 ~ `prior`. Runs the sampler itself, on the basis of the
/// states and of the noises; `h` must be affine in x, as GaussianTruth's is.
SampledGaussian sample_gaussian(const Predictor& sampler, const Denoiser& h, const Gaussian& prior,
                                const Shape& item, const SoftSamplingOptions& options);

}  // namespace ito
