#pragma once
// The steps that are measured: one score evaluation (a sampling step) and one training step.

#include <functional>
#include <memory>
#include <string>

#include "bench/cases.h"
#include "diffusion/training/trainer.h"

namespace ito::bench {

TrainingConfig training_config(const NetworkCase& network);

/// The network of a case with random weights, also where training would start from zero (the last
/// convolutions), so that outputs and gradients can be compared.
std::unique_ptr<nn::ScoreNetwork> random_network(const TrainingConfig& config);
void randomise(nn::Module& network);

/// Score evaluations of a batch, gradients off.
class SamplingWork {
 public:
  /// `batch` 0: that of the case.
  explicit SamplingWork(const NetworkCase& network, Index batch = 0, Device device = Device::cpu);
  void step();

 private:
  TrainingConfig config_;
  std::unique_ptr<nn::ScoreNetwork> network_;
  std::unique_ptr<Sde> sde_;
  Tensor x_;
  Times t_;
};

/// Training steps on random images: batch, loss, backward, clip, Adam, EMA; dropout on.
class TrainingWork {
 public:
  explicit TrainingWork(const NetworkCase& network, bool recompute = false,
                        Device device = Device::cpu);
  void step();

 private:
  ImageSet images_;
  Trainer trainer_;
};

/// Of f(): by the clock, or on a device by its events.
double milliseconds(const std::function<void()>& f, Device device);

/// "cpu" or "cuda"; throws std::invalid_argument at another name.
Device device_named(const std::string& name);

/// Largest resident size that this process has had, in MiB.
double peak_resident_mb();

}  // namespace ito::bench
