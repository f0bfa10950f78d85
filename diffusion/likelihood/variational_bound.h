#pragma once
// The variational bound of DDPM (Ho et al. 2020, equation 5; Sohl-Dickstein et al. 2015): how many
// nats the reverse chain p(x_{i-1} | x_i) = N(mu(x_i, i), sigma_i^2 I) needs for an image at most,
//   -log p(x_0) <= L_T + sum over i of L_i,
//   L_T = KL(q(x_N | x_0) || N(0, I)),
//   L_i = KL(q(x_{i-1} | x_i, x_0) || p(x_{i-1} | x_i)),
//   L_0 = -log p(x_0 | x_1), the discretised Gaussian decoder.
// Indices count from 0 as in the rest of the discrete form: terms[i] is about the step with beta_i,
// terms[0] is L_0. It is a bound on the code length of the levels themselves: nothing is
// dequantized and no offset is due.

#include <functional>

#include "diffusion/data/image_set.h"
#include "diffusion/likelihood/discretised_gaussian.h"
#include "diffusion/likelihood/error_bars.h"
#include "diffusion/sde/vp.h"
#include "nn/networks/score_network.h"

namespace ito {

/// The noise z that is seen in x = sqrt(acp_i) x_0 + sqrt(1 - acp_i) z: x [n, ...], all at one
/// index i of the chain -> like x.
using NoisePredictor = std::function<Tensor(const Tensor& x, Index i)>;

/// Of a network that was trained on the chain itself (the simple loss). Refers to `network`.
NoisePredictor noise_of_network(const nn::ScoreNetwork& network);

/// From a score in continuous time, -std s at the time of the same noise. Both are variance
/// preserving, so that x_i is distributed as x_t is; only a chain of few steps ends noisier than
/// x_T, and T serves there. Refers to `chain`, which may have any number of steps.
NoisePredictor noise_of_score(const VpSde& chain, Score score);

/// sigma_i^2 of the reverse chain (Ho et al. 2020, section 3.2).
enum class ReverseVariance {
  beta,      ///< beta_i, best for data that are N(0, I)
  posterior  ///< beta_i (1 - acp_{i-1}) / (1 - acp_i), best for data that are one point; at i = 0,
             ///< where that is zero, the value for i = 1, as published
};

/// L_i of each of the images x_0 [n, ...] in nats, from the noise z (like x_0) of x_i.
std::vector<double> bound_term(const VpSde& chain, const NoisePredictor& predict, const Tensor& x_0,
                               Index i, const Tensor& z, ReverseVariance variance,
                               const LevelGrid& grid);

/// L_T of each image in nats.
std::vector<double> prior_term(const VpSde& chain, const Tensor& x_0);

struct BoundOptions {
  ReverseVariance variance = ReverseVariance::posterior;
  Index draws = 1;  ///< of all noise, for each image
  std::uint64_t seed = 0;
  Index batch = 64;
  Device device = Device::cpu;                     ///< of the network
  std::function<bool(double done)> progress = {};  ///< from 0 to 1; false stops
};

/// Means over images and draws, in bits per dimension.
struct VariationalBound {
  double mean = 0;                ///< prior + the sum of terms
  double prior = 0;               ///< L_T
  std::vector<double> terms;      ///< [N]: L_0 and the L_i
  std::vector<double> per_image;  ///< mean over draws
  /// Standard errors of the mean: `total`, `data`, and what the noise does, absent with one draw.
  double total = 0;
  std::optional<double> data, noise;
  bool complete = true;
};

/// The first `count` images of the set, scaled as `range` says. For real-valued data the decoder is
/// a density, and the bound one on -log2 p / D of the data in [0, 1] (or as stored). Throws for
/// fewer images or draws than 1, and where the network's output is not finite, naming image and i.
VariationalBound variational_bound(const VpSde& chain, const NoisePredictor& predict,
                                   const ImageSet& set, Index count, Range range,
                                   const BoundOptions& options = {});

}  // namespace ito
