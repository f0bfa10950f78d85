#pragma once
// The networks of Song et al. (2021) by name.

#include <string>
#include <variant>
#include <vector>

#include "nn/networks/ddpm_config.h"
#include "nn/networks/ncsn_config.h"
#include "nn/networks/ncsnpp_config.h"

namespace ito::nn {

struct NetworkPreset {
  std::string name;         ///< "ncsnpp_cifar10_continuous"
  std::string description;  ///< one line
  std::variant<DdpmConfig, NcsnppConfig, NcsnConfig> config;
};

const std::vector<NetworkPreset>& network_presets();

/// Throws Error, naming the nearest known name, for a name that is not known.
const NetworkPreset& network_preset(const std::string& name);

}  // namespace ito::nn
