#pragma once
// Training of a noise-conditional classifier (Song et al. 2021, appendix I.1): cross-entropy over
// times uniform in (eps, T), images perturbed as the SDE does it.

#include "diffusion/control/noisy_classifier.h"
#include "diffusion/training/data_order.h"
#include "nn/adam.h"

namespace ito {

struct ClassifierTraining {
  Index batch = 64;
  std::uint64_t seed = 0;
  nn::AdamConfig optimiser = {.learning_rate = 1e-3, .warmup = 100};
  double ema = 0.999;  ///< decay of the average of the weights
  Device device = Device::cpu;
};

/// Share of images classified rightly at one time.
struct NoisyAccuracy {
  double t, noise_level, accuracy;
};

/// The state after step k follows from its arguments alone.
class ClassifierTrainer {
 public:
  /// Refers to `classifier`, whose network starts as the seed says and moves to the device, and to
  /// `images`. Throws unless
  /// the images are those the classifier is for, with labels that it has.
  ClassifierTrainer(NoisyClassifier& classifier, const ImageSet& images,
                    const ClassifierTraining& training);

  /// One optimisation step; the mean loss of the batch.
  double step();
  Index steps_done() const { return adam_.state().step; }
  /// Accuracy of the averaged network on the first `most` images of `set` at `levels` times in the
  /// middle of as many equal parts of (0, T), with noise that is always the same.
  std::vector<NoisyAccuracy> accuracy(const ImageSet& set, Index most, int levels = 10);
  /// All that is needed to go on bit for bit, as a file.
  SafeTensors state() const;
  /// Goes on from what `state` gave. Throws Error naming the file, with nothing changed, unless it
  /// is of a training of this classifier on these images with these settings.
  void restore(const SafeTensors& state);
  /// Replaces the weights by their average: the classifier is then ready for use.
  void finish();

 private:
  std::string definition() const;

  NoisyClassifier& classifier_;
  const ImageSet& images_;
  ClassifierTraining training_;
  DataOrder order_;
  nn::Adam adam_;
  nn::Ema ema_;
};

}  // namespace ito
