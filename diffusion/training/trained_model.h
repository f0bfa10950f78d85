#pragma once
// A trained model: what a checkpoint gives to someone who wants samples or likelihoods.

#include <memory>

#include "diffusion/score.h"
#include "diffusion/training/checkpoint.h"
#include "diffusion/training/generator.h"
#include "nn/layers/class_embedding.h"

namespace ito {

enum class Weights {
  averaged,  ///< the EMA, as samples are usually drawn
  raw        ///< the last step's
};

class TrainedModel {
 public:
  /// Its network is on `device`. Throws Error when the checkpoint does not fit its own
  /// configuration, or has averages alone and not they are asked for.
  TrainedModel(const Checkpoint& checkpoint, Weights weights, Device device = Device::cpu);

  const nn::ScoreNetwork& network() const { return *network_; }
  const Generator& generator() const { return *generator_; }
  /// Throws for a soft diffusion.
  const Sde& sde() const { return generator_->sde(); }
  /// What samples are drawn by: the score, or the Denoiser of a soft diffusion. Refers to this
  /// model.
  Score evaluated() const { return generator_->evaluated(*network_); }
  /// The same of a class; throws (when called) for one that the network does not know.
  Score evaluated_as(Index label) const;
  /// The score; throws for a soft diffusion. Refers to this model.
  Score score() const { return (void)sde(), evaluated(); }
  /// How many classes the network can be told; 0: none.
  Index classes() const { return network_->classes(); }
  /// Its sections "run" and the place of the data are not those of the run.
  const TrainingConfig& config() const { return config_; }
  Shape item() const { return item_shape(config_.model); }
  Index step() const { return step_; }
  /// Throws for a time of the data that the network has not seen in training: below the
  /// objective's eps in continuous time.
  void check_eps(double eps) const;

 private:
  TrainingConfig config_;
  Index step_;
  std::unique_ptr<nn::ScoreNetwork> network_;
  std::unique_ptr<Generator> generator_;
};

}  // namespace ito
