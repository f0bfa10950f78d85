#pragma once

#include <nlohmann/json.hpp>

#include "diffusion/training/config.h"

namespace ito {

/// A DDPM U-Net of two levels, with attention and dropout, on 8x8 digits in batches of `size`.
inline TrainingConfig small_training(Index size) {
  return config_from_json({{"model",
                            {{"image_size", 8},
                             {"channels", 1},
                             {"width", 8},
                             {"multipliers", {1, 1}},
                             {"blocks", 1},
                             {"attention", {4}},
                             {"dropout", 0.1},
                             {"group_rule", "quarter"}}},
                           {"data", {{"flip", true}}},
                           {"optimiser", {{"learning_rate", 1e-3}, {"warmup", 2}}},
                           {"batch", {{"size", size}}},
                           {"seed", 3}});
}

}  // namespace ito
