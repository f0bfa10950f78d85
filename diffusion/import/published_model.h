#pragma once
// The configurations of published models, and what their weights are called.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "diffusion/training/config.h"
#include "nn/published_names.h"

namespace ito {

/// The configuration that a JSON file describes, whose form is one of
///   - the published one of Song et al. (2021), {"model": {"name": "ncsnpp", "nf": 128, ...},
///     "data": {...}}, with "training": {"sde", "continuous"} and "sampling" if present;
///   - config.json of diffusers' UNet2DModel (the noise schedule is then that of DDPM);
///   - ito's own (TrainingConfig).
/// Throws Error for what is none of them or makes no network.
TrainingConfig published_config(const nlohmann::json& json);

/// The configuration that belongs to a preset of nn/networks/presets.h.
TrainingConfig published_preset(const std::string& name);

/// The published names of a model's tensors: of diffusers for a DDPM with attention_each_up,
/// otherwise of Song et al. Throws for a model that nobody has published.
nn::NameTable published_names(const ModelConfig& model);

}  // namespace ito
