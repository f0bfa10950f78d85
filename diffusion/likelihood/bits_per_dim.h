#pragma once
// Bits per dimension of images (Song et al. 2021, section 4.3 and appendix D.2).

#include "diffusion/data/image_set.h"
#include "diffusion/likelihood/error_bars.h"
#include "diffusion/likelihood/flow_density.h"

namespace ito {

struct LikelihoodOptions {
  double eps = 1e-5;
  ProbeType probe_type = ProbeType::rademacher;
  Index probes = 1;         ///< for each draw; 0: the exact divergence
  Index draws = 1;          ///< of the uniform dequantization for each image
  Index solver_images = 4;  ///< images that are solved again to see the solver's error
  std::uint64_t seed = 0;
  Index batch = 64;
  Device device = Device::cpu;                     ///< of the score
  OdeOptions ode = {};                             ///< `first_sample` and `progress` are set here
  std::function<bool(double done)> progress = {};  ///< from 0 to 1; false stops
};

struct BitsPerDim {
  double mean = 0;                ///< bits per dimension
  ErrorBars errors;               ///< standard errors of the mean
  double offset = 0;              ///< what was added to -log2 p / D, see bits_offset
  double prior_gap = 0;           ///< by which the mean is too large at most, as the SDE's prior is
                                  ///< not p_T; see prior_divergence
  std::vector<double> per_image;  ///< mean over draws and probes
  double evaluations = 0;         ///< of the score for one image and draw, on average
  bool complete = true;
};

/// -log2 p / D is about the scaled data; about the levels of a pixel, each 1 / levels of the range,
/// it is this much more: log2(levels / width), width 2 for centered data and else 1. That is 8 for
/// bytes in [0, 1] and 7 in [-1, 1], as published. Without levels: about the data in [0, 1].
double bits_offset(int levels, Range range);

/// -log_density / (D log 2) + offset of each.
std::vector<double> bits_of(std::vector<double> log_density, Index D, double offset);

/// Images `first`... of the set with levels made continuous: (v + u) / levels, u uniform in (0, 1)
/// at the address (seed, draw, image), scaled as `range` says. Real values stay as they are.
Tensor dequantized(const ImageSet& set, Index first, Index n, Range range, std::uint64_t seed,
                   Index draw);

/// The first `count` images of the set. Throws for fewer images or draws than 1.
BitsPerDim bits_per_dim(const Sde& sde, const Score& score, const ImageSet& set, Index count,
                        Range range, const LikelihoodOptions& options = {});

}  // namespace ito
