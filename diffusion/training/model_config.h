#pragma once
// The score network of a configuration: which one, and its own configuration.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <variant>

#include "diffusion/training/sde_config.h"
#include "nn/networks/ddpm_config.h"
#include "nn/networks/mlp.h"
#include "nn/networks/ncsn_config.h"
#include "nn/networks/ncsnpp_config.h"

namespace ito {

/// {"type": "ddpm", ...}, or "ncsnpp", "ncsn", "ncsnv2", "mlp"; the other keys are those of the
/// network.
using ModelConfig = std::variant<nn::DdpmConfig, nn::NcsnppConfig, nn::NcsnConfig, nn::MlpConfig>;

ModelConfig model_from_json(const nlohmann::json& json);
nlohmann::json model_to_json(const ModelConfig& model);

/// Adds to `json` the sizes (image_size and channels, or dimension) that it leaves open.
void fill_sizes(nlohmann::json& json, const Shape& item);

/// Adds to the `json` of a network for images the noise levels that it leaves open: those of a VE
/// SDE; under a soft diffusion, whose labels are times, their number N, and no division by sigma.
void fill_noise_levels(nlohmann::json& json, const SdeConfig& sde);

/// The shape [H, W, C] or [D] of what the network takes and gives.
Shape item_shape(const ModelConfig& model);

/// All parameters zero or one until initialised or loaded.
std::unique_ptr<nn::ScoreNetwork> make_network(const ModelConfig& model);

}  // namespace ito
