#pragma once
// Trainer: a score network, its optimiser and its average, one step at a time.

#include <memory>

#include "diffusion/training/config.h"
#include "diffusion/training/data_order.h"
#include "diffusion/training/generator.h"
#include "diffusion/training/objective.h"
#include "nn/ema.h"

namespace ito {

/// Thrown when a loss or a gradient is not finite; the state is still that before the step.
class Diverged : public Error {
 public:
  using Error::Error;
};

/// What a step did.
struct StepReport {
  Index step;   ///< steps done, this one included
  double loss;  ///< mean over the batch
  double learning_rate;
  double gradient_norm;  ///< before clipping
};

/// The state after step k follows from the configuration's definition and the images alone: all
/// that is random is addressed by the seed, the step and the image's place in the whole batch. With
/// `accumulate` the batch is computed in parts, with `recompute` blocks are computed twice; both
/// differ by the order of summation only.
class Trainer {
 public:
  /// Refers to `images`, which must outlive the trainer. The network starts as the seed says,
  /// and is trained on `device`. Throws when it is told classes and the images have no labels, or
  /// labels that it does not know.
  Trainer(const TrainingConfig& config, const ImageSet& images, Device device = Device::cpu);

  /// One optimisation step. Throws Diverged.
  StepReport step();

  /// Mean loss of the averaged network over the first `most` of the given images, with draws that
  /// are always the same; NaN when there is none.
  double held_out_loss(const ImageSet& images, Index most);

  Index steps_done() const { return adam_.state().step; }
  const TrainingConfig& config() const { return config_; }
  const ImageSet& images() const { return images_; }
  nn::ScoreNetwork& network() { return *network_; }
  const nn::ScoreNetwork& network() const { return *network_; }
  const Generator& generator() const { return *generator_; }
  nn::Adam& adam() { return adam_; }
  nn::Ema& ema() { return ema_; }

 private:
  struct Part {
    double loss;
    std::vector<Tensor> gradients;
  };
  /// Loss and gradients of images begin, ..., end - 1 of the batch, as shares of the whole batch.
  Part part(Index begin, Index end);
  /// The objective on the given images, whose classes the network is told if it knows any.
  Loss loss_of(const ImageSet& images, const std::vector<Index>& rows, const Tensor& x_0,
               const BatchAddress& address, Mode mode) const;

  TrainingConfig config_;
  const ImageSet& images_;
  Device device_;
  std::unique_ptr<nn::ScoreNetwork> network_;
  std::unique_ptr<Generator> generator_;
  Objective objective_;
  DataOrder order_;
  nn::Adam adam_;
  nn::Ema ema_;
};

}  // namespace ito
