#pragma once
// Published checkpoints of the DDPM U-Net: their configuration and their names.

#include <nlohmann/json_fwd.hpp>

#include "nn/networks/ddpm_config.h"
#include "nn/published_names.h"

namespace ito::nn {

/// Published names "all_modules.I.PIECE" of every tensor of a Ddpm. The published network numbers
/// its modules in the order of their use; a resampling without convolution takes a number too.
NameTable ddpm_published_names(const DdpmConfig& config);

/// The configuration that a published one, {"model": {...}, "data": {...}}, describes. Attention
/// resolutions that no level has are dropped, since there they are without effect.
DdpmConfig ddpm_config_from_published(const nlohmann::json& published);

}  // namespace ito::nn
