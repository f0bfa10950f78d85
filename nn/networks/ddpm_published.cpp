#include "nn/networks/ddpm_published.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace ito::nn {

namespace {

/// A tensor of a published module: its name within the module, and ours.
struct Piece {
  const char* published;
  const char* ours;
  Layout layout = Layout::same;
};

const std::vector<Piece> linear = {{"weight", "weight", Layout::transposed}, {"bias", "bias"}};
const std::vector<Piece> conv = {{"weight", "weight", Layout::conv}, {"bias", "bias"}};
const std::vector<Piece> norm = {{"weight", "weight"}, {"bias", "bias"}};
const std::vector<Piece> resampling = {{"Conv_0.weight", "conv.weight", Layout::conv},
                                       {"Conv_0.bias", "conv.bias"}};
const std::vector<Piece> residual = {{"GroupNorm_0.weight", "norm_0.weight"},
                                     {"GroupNorm_0.bias", "norm_0.bias"},
                                     {"Conv_0.weight", "conv_0.weight", Layout::conv},
                                     {"Conv_0.bias", "conv_0.bias"},
                                     {"Dense_0.weight", "time.weight", Layout::transposed},
                                     {"Dense_0.bias", "time.bias"},
                                     {"GroupNorm_1.weight", "norm_1.weight"},
                                     {"GroupNorm_1.bias", "norm_1.bias"},
                                     {"Conv_1.weight", "conv_1.weight", Layout::conv},
                                     {"Conv_1.bias", "conv_1.bias"}};
const std::vector<Piece> shortcut = {{"NIN_0.W", "shortcut.weight"}, {"NIN_0.b", "shortcut.bias"}};
const std::vector<Piece> attention = {{"GroupNorm_0.weight", "norm.weight"},
                                      {"GroupNorm_0.bias", "norm.bias"},
                                      {"NIN_0.W", "query.weight"},
                                      {"NIN_0.b", "query.bias"},
                                      {"NIN_1.W", "key.weight"},
                                      {"NIN_1.b", "key.bias"},
                                      {"NIN_2.W", "value.weight"},
                                      {"NIN_2.b", "value.bias"},
                                      {"NIN_3.W", "out.weight"},
                                      {"NIN_3.b", "out.bias"}};

/// Walks the published list of modules.
class Walk {
 public:
  void module(const std::string& ours, const std::vector<Piece>& pieces) {
    add(ours, pieces);
    ++index_;
  }

  void residual_block(const std::string& ours, Index in, Index out) {
    if (in != out) add(ours, shortcut);
    module(ours, residual);
  }

  void resample(const std::string& ours, bool with_conv) {
    module(ours, with_conv ? resampling : std::vector<Piece>());
  }

  NameTable table;

 private:
  void add(const std::string& ours, const std::vector<Piece>& pieces) {
    for (const Piece& piece : pieces) {
      table.push_back({text("all_modules.", index_, ".", piece.published), ours + "." + piece.ours,
                       piece.layout});
    }
  }

  Index index_ = 0;
};

void walk_down(Walk& walk, const DdpmConfig& config, std::vector<Index>& skips) {
  for (Index i = 0; i < config.levels(); ++i) {
    const std::string level = text("down.", i);
    for (Index b = 0; b < config.blocks; ++b) {
      walk.residual_block(text(level, ".block.", b), skips.back(), config.level_width(i));
      if (config.has_attention(i)) walk.module(text(level, ".attention.", b), attention);
      skips.push_back(config.level_width(i));
    }
    if (i + 1 == config.levels()) continue;
    walk.resample(level + ".downsample", config.resample_with_conv);
    skips.push_back(skips.back());
  }
}

void walk_up(Walk& walk, const DdpmConfig& config, std::vector<Index> skips) {
  Index channels = skips.back();
  for (Index i = config.levels() - 1; i >= 0; --i) {
    const std::string level = text("up.", i);
    for (Index b = 0; b <= config.blocks; ++b) {
      walk.residual_block(text(level, ".block.", b), channels + skips.back(),
                          config.level_width(i));
      channels = config.level_width(i);
      skips.pop_back();
    }
    if (config.has_attention(i)) walk.module(level + ".attention", attention);
    if (i > 0) walk.resample(level + ".upsample", config.resample_with_conv);
  }
}

}  // namespace

NameTable ddpm_published_names(const DdpmConfig& config) {
  check(config);
  Walk walk;
  std::vector<Index> skips = {config.width};
  walk.module("time.linear_0", linear);
  walk.module("time.linear_1", linear);
  walk.module("first", conv);
  walk_down(walk, config, skips);
  walk.residual_block("middle.block_0", skips.back(), skips.back());
  walk.module("middle.attention", attention);
  walk.residual_block("middle.block_1", skips.back(), skips.back());
  walk_up(walk, config, skips);
  walk.module("last_norm", norm);
  walk.module("last_conv", conv);
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
