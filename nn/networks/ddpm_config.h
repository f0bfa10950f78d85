#pragma once
// What defines a DDPM U-Net.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "nn/layers/activation.h"
#include "nn/layers/class_embedding.h"
#include "nn/layers/group_norm.h"

namespace ito::nn {

/// The defaults are those for CIFAR-10 of Ho et al. (2020). On the way up a level has attention
/// once, after its last block, as in Song et al. (2021), or after every block, as in Ho et al.
struct DdpmConfig {
  Index image_size = 32;  ///< height and width in pixels
  Index channels = 3;
  Index width = 128;                              ///< features at level 0, and of the sinusoids
  std::vector<Index> multipliers = {1, 2, 2, 2};  ///< width of each level, in units of `width`
  Index blocks = 2;                               ///< residual blocks per level on the way down
  std::vector<Index> attention = {16};            ///< resolutions with attention
  bool attention_each_up = false;                 ///< on the way up after every block of a level
  double dropout = 0.1;
  Activation activation = Activation::swish;
  Groups groups = {};
  bool resample_with_conv = true;
  bool scale_input = false;     ///< x -> 2x - 1 first, for data in [0, 1]
  bool scale_by_sigma = false;  ///< divide the output by sigmas[trunc(label)], descending
  double sigma_min = 0.01, sigma_max = 50;
  Index num_scales = 1000;
  ClassOptions told = {};  ///< "classes" and "label_dropout"

  Index levels() const { return static_cast<Index>(multipliers.size()); }
  Index resolution(Index level) const { return image_size >> level; }
  Index level_width(Index level) const {
    return width * multipliers[static_cast<std::size_t>(level)];
  }
  bool has_attention(Index level) const;
};

/// Throws for what no network can be built from: sizes below 1, an image that cannot be halved
/// between the levels, attention at a resolution that no level has, groups that do not divide
/// the features that a block normalises.
void check(const DdpmConfig& config);

/// Throws for unknown keys and values of the wrong kind; absent keys keep their defaults.
void from_json(const nlohmann::json& json, DdpmConfig& config);
void to_json(nlohmann::json& json, const DdpmConfig& config);

}  // namespace ito::nn
