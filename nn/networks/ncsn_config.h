#pragma once
// What defines an NCSN or NCSNv2.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "kernels/types.h"
#include "nn/layers/activation.h"

namespace ito::nn {

/// Two residual blocks at one resolution, of which the first may go down.
struct NcsnStage {
  const char* published;  ///< the number in its published name, and in that of its refine block
  const char* published_refine;
  Index multiplier;  ///< features, in units of `width`
  bool down;         ///< to half the size; with a dilation the size stays
  Index dilation;

  bool halves() const { return down && dilation == 1; }
};

/// The defaults are those of Song and Ermon (2019) for CIFAR-10.
struct NcsnConfig {
  enum class Version {
    ncsn,   ///< 2019: every norm knows the noise level; pooling by means
    ncsnv2  ///< 2020: no layer does, but the output is divided by it; pooling by maxima
  };
  Version version = Version::ncsn;
  Index image_size = 32;
  Index channels = 3;
  Index width = 128;  ///< features of the first stage
  Index variant = 0;  ///< built for images up to 64, 128 or 256 pixels (NCSN: 64); 0: image_size's
  Activation activation = Activation::elu;
  bool scale_input = true;                 ///< x -> 2x - 1 first, for data in [0, 1]
  double sigma_min = 0.01, sigma_max = 1;  ///< of the noise levels that NCSNv2 divides by
  Index num_scales = 10;                   ///< noise levels

  bool conditional() const { return version == Version::ncsn; }
  /// From the highest resolution to the lowest.
  const std::vector<NcsnStage>& stages() const;
};

/// Throws for what no network can be built from: sizes below 1, fewer than two features, an image
/// that cannot be halved as often as its variant does, a variant that does not exist.
void check(const NcsnConfig& config);

/// Throws for unknown keys and values of the wrong kind; absent keys keep their defaults. The
/// version is not among the keys: it is the network's type.
void from_json(const nlohmann::json& json, NcsnConfig& config);
void to_json(nlohmann::json& json, const NcsnConfig& config);

/// CIFAR-10 as in Song and Ermon (2020).
NcsnConfig ncsnv2_defaults();

}  // namespace ito::nn
