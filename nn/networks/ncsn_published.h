#pragma once
// Published checkpoints of NCSN and NCSNv2: their configuration and their names.

#include <nlohmann/json_fwd.hpp>

#include "nn/networks/ncsn_config.h"
#include "nn/published_names.h"

namespace ito::nn {

/// Published names of every tensor of an Ncsn.
NameTable ncsn_published_names(const NcsnConfig& config);

/// The configuration that a published one, {"model": {...}, "data": {...}}, describes; its name is
/// "ncsn", "ncsnv2_64", "ncsnv2_128" or "ncsnv2_256".
NcsnConfig ncsn_config_from_published(const nlohmann::json& published);

}  // namespace ito::nn
