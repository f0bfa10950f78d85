#pragma once
// The generator of a soft diffusion: its samplers, and the prior that was fitted to the data.

#include "diffusion/soft/soft_samplers.h"
#include "diffusion/training/generator.h"

namespace ito {

class SoftGenerator : public Generator {
 public:
  /// Fits the prior to at most 2,048 of the images, evenly spread.
  SoftGenerator(const TrainingConfig& config, const ImageSet& images);
  /// With the prior that `state` holds; throws for one that does not fit.
  SoftGenerator(const TrainingConfig& config, const nn::TensorMap& state);

  const SoftDiffusion& diffusion() const { return diffusion_; }
  const SoftPrior& prior() const { return prior_; }

  const Sde& sde() const override;
  Score evaluated(const nn::ScoreNetwork& network) const override;
  /// The predictor is one of soft_sampler_names; there is no corrector.
  void check(const SamplingConfig& config) const override;
  Samples draw(const Score& h, const SamplingConfig& config, const SampleRange& range,
               const SamplingHooks& hooks) const override;
  /// Each image under ever stronger corruption, with the same noise eta at all times.
  Tensor forward_film(const Tensor& x_0, Index frames, std::uint64_t seed) const override;
  /// The rows of the states x_t, and after them those of h(x_t, t) ~ E[x_0 | x_t] at these times.
  Tensor reverse_film(const Score& h, const SamplingConfig& config, const SampleRange& range,
                      Index frames) const override;
  /// "shape", "colour_mean" and "colour_covariance" of the prior.
  nn::TensorMap state() const override;
  /// W2 of the fitted and of the constant prior to the corrupted data.
  std::string remark() const override { return remark_; }

 private:
  SoftDiffusion diffusion_;
  SoftPrior prior_;
  CleanPrediction prediction_;
  double label_scale_;  ///< N - 1
  std::string remark_;
};

}  // namespace ito
