#include "nn/networks/ddpm_published.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "nn/blocks/published_pieces.h"

namespace ito::nn {

namespace {

NameTable residual_block(bool with_shortcut) {
  return published_residual_block({}, with_shortcut ? Shortcut::pointwise : Shortcut::none);
}

void walk_down(PublishedWalk& walk, const DdpmConfig& config, std::vector<Index>& skips) {
  for (Index i = 0; i < config.levels(); ++i) {
    const std::string level = text("down.", i);
    for (Index b = 0; b < config.blocks; ++b) {
      walk.module(text(level, ".block.", b), residual_block(skips.back() != config.level_width(i)));
      if (config.has_attention(i)) {
        walk.module(text(level, ".attention.", b), published_attention_block());
      }
      skips.push_back(config.level_width(i));
    }
    if (i + 1 == config.levels()) continue;
    walk.module(level + ".downsample", published_resample(config.resample_with_conv, false));
    skips.push_back(skips.back());
  }
}

void walk_up(PublishedWalk& walk, const DdpmConfig& config, std::vector<Index> skips) {
  Index channels = skips.back();
  for (Index i = config.levels() - 1; i >= 0; --i) {
    const std::string level = text("up.", i);
    for (Index b = 0; b <= config.blocks; ++b) {
      walk.module(text(level, ".block.", b),
                  residual_block(channels + skips.back() != config.level_width(i)));
      channels = config.level_width(i);
      skips.pop_back();
    }
    if (config.has_attention(i)) walk.module(level + ".attention", published_attention_block());
    if (i > 0)
      walk.module(level + ".upsample", published_resample(config.resample_with_conv, false));
  }
}

}  // namespace

NameTable ddpm_published_names(const DdpmConfig& config) {
  check(config);
  if (config.attention_each_up) {
    fail("published names", "there are none for attention after every block on the way up");
  }
  PublishedWalk walk;
  std::vector<Index> skips = {config.width};
  walk.module("time.linear_0", published_linear());
  walk.module("time.linear_1", published_linear());
  walk.module("first", published_conv2d());
  walk_down(walk, config, skips);
  walk.module("middle.block_0", residual_block(false));
  walk.module("middle.attention", published_attention_block());
  walk.module("middle.block_1", residual_block(false));
  walk_up(walk, config, skips);
  walk.module("last_norm", published_group_norm());
  walk.module("last_conv", published_conv2d());
  return walk.table;
}

DdpmConfig ddpm_config_from_published(const nlohmann::json& published) try {
  const nlohmann::json& model = published.at("model");
  const nlohmann::json& data = published.at("data");
  DdpmConfig config;
  config.image_size = data.at("image_size");
  config.channels = data.at("num_channels");
  config.width = model.at("nf");
  config.multipliers = model.at("ch_mult").get<std::vector<Index>>();
  config.blocks = model.at("num_res_blocks");
  config.attention = model.at("attn_resolutions").get<std::vector<Index>>();
  config.dropout = model.at("dropout");
  config.activation = activation_named(model.at("nonlinearity"));
  config.resample_with_conv = model.at("resamp_with_conv");
  config.scale_input = !data.at("centered").get<bool>();
  config.scale_by_sigma = model.at("scale_by_sigma");
  config.sigma_min = model.at("sigma_min");
  config.sigma_max = model.at("sigma_max");
  config.num_scales = model.at("num_scales");
  std::erase_if(config.attention, [&](Index wanted) {
    for (Index i = 0; i < config.levels(); ++i) {
      if (config.resolution(i) == wanted) return false;
    }
    return true;
  });
  check(config);
  return config;
} catch (const nlohmann::json::exception& e) {
  fail("published config", e.what());
}

}  // namespace ito::nn
