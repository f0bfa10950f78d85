#pragma once
// How samples come from a network: under an SDE from its score, in a soft diffusion from the clean
// image that it predicts.

#include <memory>

#include "diffusion/training/sampling.h"
#include "nn/networks/score_network.h"

namespace ito {

class Generator {
 public:
  virtual ~Generator() = default;

  /// The SDE; throws where there is none.
  virtual const Sde& sde() const = 0;
  /// What the samplers evaluate of the network: its score, or its Denoiser. Refers to both.
  virtual Score evaluated(const nn::ScoreNetwork& network) const = 0;
  /// Throws for a way of sampling that is not known or does not fit.
  virtual void check(const SamplingConfig& config) const = 0;

  /// Samples [count, item...], scaled as the model sees its data.
  virtual Samples draw(const Score& evaluated, const SamplingConfig& config,
                       const SampleRange& range, const SamplingHooks& hooks = {}) const = 0;
  /// As forward_frames and reverse_frames of diffusion/training/film_strip.h; a soft diffusion's
  /// reverse film has the conditional means in rows of their own, last.
  virtual Tensor forward_film(const Tensor& x_0, Index frames, std::uint64_t seed) const = 0;
  virtual Tensor reverse_film(const Score& evaluated, const SamplingConfig& config,
                              const SampleRange& range, Index frames) const = 0;

  /// What a checkpoint holds of it: tensors by their names.
  virtual nn::TensorMap state() const { return {}; }
  /// What is to be said of it when training begins; nothing, or a line.
  virtual std::string remark() const { return ""; }
};

/// Throws where the device is not one that this diffusion runs on: soft ones know the CPU alone.
void check_device(const TrainingConfig& config, Device device);

/// For training on these images.
std::unique_ptr<Generator> make_generator(const TrainingConfig& config, const ImageSet& images);
/// With the state of a checkpoint.
std::unique_ptr<Generator> make_generator(const TrainingConfig& config, const nn::TensorMap& state);

}  // namespace ito
