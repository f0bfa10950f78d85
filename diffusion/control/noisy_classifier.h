#pragma once
// A trained classifier of noisy images: p_t(class | x_t) for guidance.

#include <memory>

#include "diffusion/control/class_guidance.h"
#include "diffusion/data/image_set.h"
#include "diffusion/training/sde_config.h"
#include "engine/safetensors.h"
#include "nn/networks/wide_resnet.h"

namespace ito {

/// What a classifier is and what it is for.
struct ClassifierConfig {
  nn::WideResnetConfig model;
  SdeConfig sde;
  Range range = Range::centered;
};

/// The Wide ResNet of Song et al. 2021, or a small one (`small_classifier`), told the noise level
/// std / m and given x_t / sqrt(m^2 + std^2), which is of the same size at every t.
class NoisyClassifier {
 public:
  /// All parameters zero or one until initialised or loaded.
  explicit NoisyClassifier(const ClassifierConfig& config);
  /// From a file that `contents` wrote. Throws Error naming it for one that is not a classifier.
  explicit NoisyClassifier(const SafeTensors& file);

  /// x [N, H, W, C] at times t -> [N, classes].
  Tensor forward(const Tensor& x, const Times& t) const;
  /// What the network's last layer sees of them, [N, D].
  Tensor features(const Tensor& x, const Times& t) const;
  /// The same for guidance. Refers to this classifier.
  ClassLogits logits() const {
    return [this](const Tensor& x, const Times& t) { return forward(x, t); };
  }
  /// The configuration as JSON.
  std::string config_text() const;
  /// Weights and configuration as a file.
  SafeTensors contents() const;

  const ClassifierConfig& config() const { return config_; }
  Index classes() const { return config_.model.classes; }
  nn::WideResnet& network() { return *network_; }
  const nn::WideResnet& network() const { return *network_; }
  const Sde& sde() const { return *sde_; }

 private:
  ClassifierConfig config_;
  std::unique_ptr<Sde> sde_;
  std::unique_ptr<nn::WideResnet> network_;
};

/// For small images: 32, 64 and 128 features and one block a group instead of 160, 320, 640 and
/// four.
nn::WideResnetConfig small_classifier();

/// Throws, saying what differs, unless the classifier is for images of this shape and scale under
/// this SDE.
void check_classifier(const NoisyClassifier& classifier, const Shape& item, Range range,
                      const SdeConfig& sde);

}  // namespace ito
