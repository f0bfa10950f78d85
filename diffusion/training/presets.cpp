#include "diffusion/training/presets.h"

#include <nlohmann/json.hpp>

#include "diffusion/training/config.h"
#include "engine/file.h"
#include "engine/nearest.h"

namespace ito {

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
      {"digits", "8x8 digits, embedded: a small DDPM U-Net, minutes on two cores", nullptr, R"({
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
      // Step sizes of both NCSN by technique 4 of Song and Ermon (2020). The smallest level of
      // NCSNv2 is half a grey level: ito noise-levels --sigma-min 0.03 --levels 19
      // --corrector-steps 20.
      {"digits-ncsn", "8x8 digits: NCSN at 10 noise levels (2019), annealed Langevin", "digits",
       R"({
  "data": {"range": "unit"},
  "model": {"type": "ncsn", "width": 16},
  "sde": {"type": "ve", "sigma_min": 0.01, "sigma_max": 1, "N": 10},
  "objective": {"type": "smld", "reduction": "half_sum"},
  "optimiser": {"learning_rate": 4e-3},
  "run": {"sample_every": 3500},
  "sampling": {"predictor": "none", "corrector": "ald", "snr": 0.127, "steps": 10,
               "corrector_steps": 100, "eps": 1e-5}
})"},
      {"digits-ncsnv2", "8x8 digits: NCSNv2, its noise levels from ito noise-levels (2020)",
       "digits-ncsn", R"({
  "model": {"type": "ncsnv2", "width": 16},
  "sde": {"sigma_min": 0.03, "sigma_max": 4.8, "N": 19},
  "optimiser": {"learning_rate": 1e-3, "clip": -1},
  "run": {"steps": 3000, "sample_every": 3000},
  "sampling": {"snr": 0.2195, "steps": 19, "corrector_steps": 20}
})"},
      {"digits-ddpm", "8x8 digits: DDPM's simple loss at 1000 levels, ancestral sampling", "digits",
       R"({
  "sde": {"N": 1000},
  "objective": {"type": "ddpm"},
  "run": {"sample_every": 3500},
  "sampling": {"predictor": "ancestral", "corrector": "none", "steps": 1000, "eps": 1e-3}
})"},
      {"digits-ncsnpp", "8x8 digits: a small NCSN++ under the VE SDE, predictor-corrector",
       "digits", R"({
  "data": {"range": "unit"},
  "model": {"type": "ncsnpp", "width": 16, "multipliers": [1, 2], "blocks": 2, "attention": [4],
            "dropout": 0.0},
  "sde": {"type": "ve", "sigma_min": 0.01, "sigma_max": 4.8, "N": 200},
  "objective": {"reduction": "half_sum"},
  "sampling": {"predictor": "reverse_diffusion", "corrector": "langevin", "snr": 0.16,
               "steps": 200, "eps": 1e-5}
})"},
      {"digits-conditional", "8x8 digits, told their classes: guidance without a classifier (2022)",
       "digits", R"({"model": {"classes": 10, "label_dropout": 0.1}})"},
      {"digits-soft-blur", "8x8 digits: soft diffusion from blur (Daras et al. 2022)", "digits",
       R"({
  "data": {"range": "unit"},
  "sde": {"type": "soft", "corruption": "blur"},
  "objective": {"type": "soft"},
  "sampling": {"predictor": "momentum"}
})"},
      {"digits-soft-mask", "8x8 digits: soft diffusion from behind a growing mask",
       "digits-soft-blur", R"({
  "sde": {"corruption": "mask"}
})"},
      {"mnist", "28x28 digits (a folder with MNIST's IDX files): a DDPM U-Net of width 64", nullptr,
       R"({
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
      // Sized for two cores: 350,000 images (VE 290,000) in batches of 64.
      {"mnist-vp", "28x28 digits in 40 minutes on two cores: a small DDPM U-Net, VP SDE", "mnist",
       R"({
  "model": {"width": 32, "multipliers": [1, 2, 4], "blocks": 1, "attention": [7], "dropout": 0.0,
            "group_rule": "quarter"},
  "optimiser": {"learning_rate": 1e-3, "warmup": 500},
  "batch": {"size": 64},
  "run": {"steps": 5500, "held_out_every": 500, "held_out_images": 512, "checkpoint_every": 500,
          "sample_every": 5500}
})"},
      {"mnist-subvp", "the same with the sub-VP SDE", "mnist-vp", R"({"sde": {"type": "subvp"}})"},
      // sigma_max is the largest distance between two images (Song and Ermon 2020, technique 1):
      // 16.02 among 4,000.
      {"mnist-ve", "28x28 digits in 40 minutes on two cores: a small NCSN++, VE SDE", "mnist-vp",
       R"({
  "data": {"range": "unit"},
  "model": {"type": "ncsnpp", "width": 32, "multipliers": [1, 2, 4], "blocks": 1, "attention": [7],
            "dropout": 0.0},
  "sde": {"type": "ve", "sigma_min": 0.01, "sigma_max": 16},
  "objective": {"reduction": "half_sum"},
  "run": {"steps": 4500, "sample_every": 4500},
  "sampling": {"predictor": "reverse_diffusion", "corrector": "langevin", "snr": 0.16, "eps": 1e-5}
})"},
      // Sized for one core or two: 512,000 images in batches of 64, a network of 0.7 million
      // weights.
      {"mnist-soft-blur", "28x28 digits: soft diffusion from blur, half an hour of one core",
       "mnist-vp", R"({
  "data": {"range": "unit"},
  "model": {"width": 16},
  "sde": {"type": "soft", "corruption": "blur"},
  "objective": {"type": "soft"},
  "optimiser": {"learning_rate": 2e-3, "warmup": 200},
  "ema": {"decay": 0.998},
  "run": {"steps": 8000, "sample_every": 8000},
  "sampling": {"predictor": "momentum", "steps": 200}
})"},
      {"mnist-soft-mask", "28x28 digits: soft diffusion from behind a growing mask",
       "mnist-soft-blur", R"({"sde": {"corruption": "mask"}})"},
      {"tiles", "32x32 colour pictures in minutes: a small DDPM U-Net, VP SDE", "mnist-vp", R"({
  "model": {"attention": [8]},
  "batch": {"size": 32},
  "run": {"steps": 1500, "checkpoint_every": 250, "sample_every": 1500}
})"},
      {"cifar10-ddpm",
       "32x32 colour (a folder with CIFAR-10's .bin files): DDPM as Song et al. 2021", nullptr, R"({
  "data": {"range": "centered", "flip": true},
  "model": {"type": "ddpm", "width": 128, "multipliers": [1, 2, 2, 2], "blocks": 2,
            "attention": [16], "dropout": 0.1},
  "sde": {"type": "vp"},
  "optimiser": {"learning_rate": 2e-4, "warmup": 5000, "clip": 1},
  "ema": {"decay": 0.9999},
  "batch": {"size": 128},
  "run": {"steps": 1300000, "log_every": 50, "held_out_every": 5000, "checkpoint_every": 5000,
          "sample_every": 25000, "samples": 64},
  "sampling": {"predictor": "euler_maruyama", "corrector": "none", "steps": 1000, "eps": 1e-3}
})"},
      {"cifar10-ncsnpp", "NCSN++ (continuous, VE) for CIFAR-10 as Song et al. 2021", "cifar10-ddpm",
       R"({
  "data": {"range": "unit"},
  "model": {"type": "ncsnpp"},
  "sde": {"type": "ve"},
  "objective": {"reduction": "half_sum"},
  "ema": {"decay": 0.999},
  "sampling": {"predictor": "reverse_diffusion", "corrector": "langevin", "snr": 0.16, "eps": 1e-5}
})"},
      {"cifar10-ncsnpp-deep", "The same with 8 blocks a level", "cifar10-ncsnpp",
       R"({"model": {"blocks": 8}})"},
      {"cifar10-ddpmpp", "DDPM++ (continuous, VP) for CIFAR-10 as Song et al. 2021", "cifar10-ddpm",
       R"({
  "model": {"type": "ncsnpp", "blocks": 4, "fir": [], "progressive_input": "none",
            "embedding": "positional", "scale_input": false, "scale_by_sigma": false}
})"},
      {"cifar10-ddpmpp-deep", "The same with 8 blocks a level", "cifar10-ddpmpp",
       R"({"model": {"blocks": 8}})"},
      {"cifar10-ddpmpp-subvp", "DDPM++ under the sub-VP SDE", "cifar10-ddpmpp",
       R"({"sde": {"type": "subvp"}})"},
      {"cifar10-ddpmpp-deep-subvp", "The same with 8 blocks a level", "cifar10-ddpmpp-deep",
       R"({"sde": {"type": "subvp"}})"}};
  return all;
}

nlohmann::json preset_named(const std::string& name) {
  std::vector<std::string> known;
  for (const Preset& preset : presets()) {
    if (preset.name == name) {
      auto config = preset.base ? preset_named(preset.base) : nlohmann::json::object();
      overlay(config, nlohmann::json::parse(preset.changes));
      return config;
    }
    known.emplace_back(preset.name);
  }
  fail("preset", "unknown preset ", printable(name), did_you_mean(name, known));
}

}  // namespace ito
