#pragma once
// Checkpoints of the library diffusers, UNet2DModel of the DDPM family: their configuration and
// their names.

#include <nlohmann/json_fwd.hpp>

#include "nn/networks/ddpm_config.h"
#include "nn/published_names.h"

namespace ito::nn {

/// The names in such a checkpoint of every tensor of a Ddpm with attention_each_up.
NameTable ddpm_diffusers_names(const DdpmConfig& config);

/// The configuration of a config.json. Throws Error for settings that make another network than
/// DDPM's: blocks of other kinds, attention elsewhere on the way up than on the way down or with
/// several heads, padding on both sides of the halving convolutions, another order or spacing of
/// the sinusoids, another eps.
DdpmConfig ddpm_config_from_diffusers(const nlohmann::json& json);

/// The name in a checkpoint of today of one from before the attention was renamed:
/// "...attentions.0.query.weight" is now "...attentions.0.to_q.weight". Others are left.
std::string current_diffusers_name(const std::string& name);

}  // namespace ito::nn
