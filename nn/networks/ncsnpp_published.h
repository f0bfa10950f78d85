#pragma once
// Published checkpoints of NCSN++ and DDPM++: their configuration and their names.

#include <nlohmann/json_fwd.hpp>

#include "nn/networks/ncsnpp_config.h"
#include "nn/published_names.h"

namespace ito::nn {

/// Published names "all_modules.I.PIECE" of every tensor of an Ncsnpp. The published network
/// numbers its modules in the order of their use. A resampling without convolution takes a number
/// between the levels, but none in the pyramids. An unconditional one also holds frequencies and
/// projections of an embedding that it does not use; they are not in the table.
NameTable ncsnpp_published_names(const NcsnppConfig& config);

/// The configuration that a published one, {"model": {...}, "data": {...}}, describes. Attention
/// resolutions that no level has are dropped, since there they are without effect.
NcsnppConfig ncsnpp_config_from_published(const nlohmann::json& published);

}  // namespace ito::nn
