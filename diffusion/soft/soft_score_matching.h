#pragma once
// Soft score matching (Daras et al. 2022, equation 10): the network predicts a clean image which,
// corrupted like x_0, is to match what was observed,
//   loss = w(t) |C_t (h(x_t, t) - x_0)|^2.
// With h = phi + x_t that is w(t) |C_t (phi - (x_0 - x_t))|^2. It is denoising score matching of
// s = (C_t h - x_t) / sigma_t^2: the score of p(x_t | x_0) is (C_t x_0 - x_t) / sigma_t^2. What C_t
// removes is not asked for.

#include "diffusion/objectives/loss.h"
#include "diffusion/soft/soft_diffusion.h"
#include "nn/networks/score_network.h"

namespace ito {

/// How the network phi becomes the clean image.
enum class CleanPrediction {
  residual,  ///< h = phi + x_t
  plain      ///< h = phi
};

/// w(t).
enum class SoftWeighting {
  precision,  ///< 1 / sigma_t^2, as in the experiments of the paper
  uniform     ///< 1
};

struct SoftLossOptions {
  SoftWeighting weighting = SoftWeighting::precision;
  Reduction reduction = Reduction::mean;
  /// false: w(t) |h - x_0|^2, the loss of the concurrent works (Bansal et al. 2022, Rissanen et al.
  /// 2022), to compare with.
  bool corrupted = true;
};

/// x_0 [N, item...], one time for each example, eta like x_0.
Loss soft_score_matching_loss(const SoftDiffusion& diffusion, const Denoiser& h, const Tensor& x_0,
                              const Times& t, const Tensor& eta, SoftLossOptions options = {});

/// The denoiser of a network that is told `label_scale` t. Refers to `network`. With `dropout` the
/// network is in training mode and draws its masks from that stream.
Denoiser network_denoiser(const nn::ScoreNetwork& network, CleanPrediction prediction,
                          double label_scale = 999, const RandomStream* dropout = nullptr);

}  // namespace ito
