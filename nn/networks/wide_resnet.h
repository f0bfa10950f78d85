#pragma once
// A classifier of noisy images for class-conditional sampling: the Wide ResNet of Zagoruyko and
// Komodakis (2016), told the noise level (Song et al. 2021, appendix I).

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "nn/blocks/wide_residual.h"
#include "nn/layers/time_embedding.h"

namespace ito::nn {

/// The defaults are those for CIFAR-10: the Wide ResNet 28-10.
struct WideResnetConfig {
  Index image_size = 32;
  Index channels = 3;
  Index classes = 10;
  Index width = 16;       ///< features behind the first convolution
  Index multiplier = 10;  ///< features of the three groups: 1, 2 and 4 times width * multiplier
  Index blocks = 4;       ///< residual blocks per group
  Index embedding = 128;  ///< frequencies of the Fourier features; four times as many features
  double fourier_scale = 16;
  Groups groups = {.rule = Groups::Rule::quarter, .max = 32};
};

/// Throws for sizes below 1, an image that cannot be halved twice, groups that do not divide the
/// features of a group.
void check(const WideResnetConfig& config);

/// Throws for unknown keys and values of the wrong kind; absent keys keep their defaults.
void from_json(const nlohmann::json& json, WideResnetConfig& config);
void to_json(nlohmann::json& json, const WideResnetConfig& config);

/// log p(class | x, sigma) but for a constant per image. It norms over groups of channels, never
/// over the batch: what it says of an image does not depend on the images beside it.
class WideResnet : public Module {
 public:
  /// Throws what `check` throws. All parameters are zero or one until initialised or loaded.
  explicit WideResnet(const WideResnetConfig& config);

  /// x [N, H, W, C], one noise level sigma > 0 per image -> logits [N, classes].
  Tensor forward(const Tensor& x, const std::vector<double>& sigmas) const;
  /// The two parts of it: what the last layer sees, [N, 4 width multiplier], and that layer.
  Tensor features(const Tensor& x, const std::vector<double>& sigmas) const;
  Tensor logits(const Tensor& features) const { return last_.forward(features); }

  const WideResnetConfig& config() const { return config_; }

 private:
  void check_input(const Tensor& x, const std::vector<double>& sigmas) const;

  WideResnetConfig config_;
  TimeEmbedding time_;
  Conv2d first_;
  std::vector<std::unique_ptr<WideBlock>> blocks_;
  GroupNorm last_norm_;
  Linear last_;
};

}  // namespace ito::nn
