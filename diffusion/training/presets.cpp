#include "diffusion/training/presets.h"

#include <nlohmann/json.hpp>

#include "engine/file.h"
#include "engine/nearest.h"

namespace ito {

// mnist-*: sized for two cores, 350,000 images (VE 290,000) in batches of 64. sigma_max of VE is
// the largest distance between two images (Song and Ermon 2020, technique 1): 16.02 among 4,000.
const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
      {"digits", "8x8 digits, embedded: a small DDPM U-Net, minutes on two cores", R"({
  "data": {"source": "digits", "range": "centered"},
  "model": {"type": "ddpm", "width": 16, "multipliers": [1, 2], "blocks": 2, "attention": [4],
            "dropout": 0.0, "group_rule": "quarter"},
  "sde": {"type": "vp"},
  "optimiser": {"learning_rate": 2e-3, "warmup": 100, "clip": 1},
  "ema": {"decay": 0.998},
  "batch": {"size": 64},
  "run": {"steps": 3500, "log_every": 50, "held_out_every": 500, "checkpoint_every": 500,
          "sample_every": 1750, "samples": 64},
  "sampling": {"steps": 200}
})"},
      {"mnist", "28x28 digits (a folder with MNIST's IDX files): a DDPM U-Net of width 64", R"({
  "data": {"range": "centered"},
  "model": {"type": "ddpm", "width": 64, "multipliers": [1, 2, 2], "blocks": 2, "attention": [14],
            "dropout": 0.1},
  "sde": {"type": "vp"},
  "optimiser": {"learning_rate": 2e-4, "warmup": 1000, "clip": 1},
  "ema": {"decay": 0.999},
  "batch": {"size": 128},
  "run": {"steps": 50000, "log_every": 50, "held_out_every": 1000, "checkpoint_every": 1000,
          "sample_every": 2500, "samples": 64},
  "sampling": {"steps": 500}
})"},
      {"mnist-vp", "28x28 digits in 40 minutes on two cores: a small DDPM U-Net, VP SDE", R"({
  "data": {"range": "centered"},
  "model": {"type": "ddpm", "width": 32, "multipliers": [1, 2, 4], "blocks": 1, "attention": [7],
            "dropout": 0.0, "group_rule": "quarter"},
  "sde": {"type": "vp"},
  "optimiser": {"learning_rate": 1e-3, "warmup": 500, "clip": 1},
  "ema": {"decay": 0.999},
  "batch": {"size": 64},
  "run": {"steps": 5500, "log_every": 50, "held_out_every": 500, "held_out_images": 512,
          "checkpoint_every": 500, "sample_every": 5500, "samples": 64},
  "sampling": {"predictor": "euler_maruyama", "corrector": "none", "steps": 500, "eps": 1e-3}
})"},
      {"mnist-subvp", "the same with the sub-VP SDE", R"({
  "data": {"range": "centered"},
  "model": {"type": "ddpm", "width": 32, "multipliers": [1, 2, 4], "blocks": 1, "attention": [7],
            "dropout": 0.0, "group_rule": "quarter"},
  "sde": {"type": "subvp"},
  "optimiser": {"learning_rate": 1e-3, "warmup": 500, "clip": 1},
  "ema": {"decay": 0.999},
  "batch": {"size": 64},
  "run": {"steps": 5500, "log_every": 50, "held_out_every": 500, "held_out_images": 512,
          "checkpoint_every": 500, "sample_every": 5500, "samples": 64},
  "sampling": {"predictor": "euler_maruyama", "corrector": "none", "steps": 500, "eps": 1e-3}
})"},
      {"mnist-ve", "28x28 digits in 40 minutes on two cores: a small NCSN++, VE SDE", R"({
  "data": {"range": "unit"},
  "model": {"type": "ncsnpp", "width": 32, "multipliers": [1, 2, 4], "blocks": 1, "attention": [7],
            "dropout": 0.0},
  "sde": {"type": "ve", "sigma_min": 0.01, "sigma_max": 16},
  "objective": {"reduction": "half_sum"},
  "optimiser": {"learning_rate": 1e-3, "warmup": 500, "clip": 1},
  "ema": {"decay": 0.999},
  "batch": {"size": 64},
  "run": {"steps": 4500, "log_every": 50, "held_out_every": 500, "held_out_images": 512,
          "checkpoint_every": 500, "sample_every": 4500, "samples": 64},
  "sampling": {"predictor": "reverse_diffusion", "corrector": "langevin", "snr": 0.16,
               "steps": 500, "eps": 1e-5}
})"},
      {"cifar10-ddpm",
       "32x32 colour (a folder with CIFAR-10's .bin files): DDPM as Song et al. 2021",
       R"({
  "data": {"range": "centered", "flip": true},
  "model": {"type": "ddpm", "width": 128, "multipliers": [1, 2, 2, 2], "blocks": 2,
            "attention": [16], "dropout": 0.1},
  "sde": {"type": "vp", "beta_min": 0.1, "beta_max": 20, "N": 1000},
  "optimiser": {"learning_rate": 2e-4, "warmup": 5000, "clip": 1},
  "ema": {"decay": 0.9999},
  "batch": {"size": 128},
  "run": {"steps": 1300000, "log_every": 50, "held_out_every": 5000, "checkpoint_every": 5000,
          "sample_every": 25000, "samples": 64},
  "sampling": {"predictor": "euler_maruyama", "corrector": "none", "steps": 1000, "eps": 1e-3}
})"}};
  return all;
}

nlohmann::json preset_named(const std::string& name) {
  std::vector<std::string> known;
  for (const Preset& preset : presets()) {
    if (preset.name == name) return nlohmann::json::parse(preset.config);
    known.emplace_back(preset.name);
  }
  fail("preset", "unknown preset ", printable(name), did_you_mean(name, known));
}

}  // namespace ito
