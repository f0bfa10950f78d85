#pragma once
// What defines an NCSN++ or DDPM++.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "nn/blocks/pyramid.h"
#include "nn/layers/class_embedding.h"
#include "nn/layers/time_embedding.h"

namespace ito::nn {

/// The switches of Song et al. (2021), section 4.4. The defaults are those of their NCSN++ for the
/// VE SDE in continuous time on CIFAR-10.
struct NcsnppConfig {
  Index image_size = 32;  ///< height and width in pixels
  Index channels = 3;
  Index width = 128;                              ///< features at level 0, and of the embedding
  std::vector<Index> multipliers = {1, 2, 2, 2};  ///< width of each level, in units of `width`
  Index blocks = 4;                               ///< residual blocks per level on the way down
  std::vector<Index> attention = {16};            ///< resolutions with attention
  double dropout = 0.1;
  Activation activation = Activation::swish;
  Groups groups = {.rule = Groups::Rule::quarter, .max = 32};
  BlockKind block = BlockKind::biggan;
  std::vector<double> fir = {1, 3, 3, 1};  ///< taps of the resampling filter; none: no filter
  Pyramid progressive_input = Pyramid::residual;
  Pyramid progressive_output = Pyramid::none;
  Combine combine = Combine::sum;  ///< of an input pyramid of images
  bool skip_rescale = true;        ///< divide sums of two paths by sqrt 2
  bool resample_with_conv = true;  ///< of blocks of DDPM's kind
  bool conditional = true;         ///< the blocks see the label
  TimeEmbedding::Kind embedding = TimeEmbedding::Kind::fourier;
  double fourier_scale = 16;
  bool scale_input = true;  ///< x -> 2x - 1 first, for data in [0, 1]
  /// Divide the output by sigma: by the label itself with Fourier features, otherwise by
  /// sigmas[trunc(label)], descending.
  bool scale_by_sigma = true;
  double sigma_min = 0.01, sigma_max = 50;
  Index num_scales = 1000;
  ClassOptions told = {};  ///< "classes" and "label_dropout"

  Index levels() const { return static_cast<Index>(multipliers.size()); }
  Index resolution(Index level) const { return image_size >> level; }
  Index level_width(Index level) const {
    return width * multipliers[static_cast<std::size_t>(level)];
  }
  bool has_attention(Index level) const;
  bool has_sigma_table() const;
};

/// Throws for what no network can be built from (see check_unet), and for a filter whose taps sum
/// to 0.
void check(const NcsnppConfig& config);

/// Throws for unknown keys and values of the wrong kind; absent keys keep their defaults.
void from_json(const nlohmann::json& json, NcsnppConfig& config);
void to_json(nlohmann::json& json, const NcsnppConfig& config);

}  // namespace ito::nn
