#include "nn/networks/ncsnpp_published.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "nn/blocks/published_pieces.h"

namespace ito::nn {

namespace {

/// The numbering of one network.
class Walk {
 public:
  explicit Walk(const NcsnppConfig& config)
      : config_(config), block_{.embedding = config.conditional ? 1 : 0, .kind = config.block} {}

  NameTable names() {
    embedding();
    walk_.module("first", published_conv2d());
    std::vector<Index> skips = {config_.width};
    Index channels = config_.width;
    for (Index i = 0; i < config_.levels(); ++i) channels = down(i, channels, skips);
    block("middle.block_0", false);
    walk_.module("middle.attention", published_attention_block());
    block("middle.block_1", false);
    for (Index i = config_.levels() - 1; i >= 0; --i) channels = up(i, channels, skips);
    if (config_.progressive_output != Pyramid::skip) norm_and_conv("last_norm", "last_conv");
    return walk_.table;
  }

 private:
  void embedding() {
    const bool fourier = config_.embedding == TimeEmbedding::Kind::fourier;
    const NameTable frequencies = {{"W", "frequencies"}};
    if (fourier) walk_.module("time", config_.conditional ? frequencies : NameTable());
    if (!config_.conditional) return;
    walk_.module("time.linear_0", published_linear());
    walk_.module("time.linear_1", published_linear());
  }

  void block(const std::string& ours, bool with_shortcut) {
    const Shortcut shortcut = with_shortcut ? Shortcut::pointwise : Shortcut::none;
    walk_.module(ours, published_residual_block(block_, shortcut));
  }

  void norm_and_conv(const std::string& norm, const std::string& conv) {
    walk_.module(norm, published_group_norm());
    walk_.module(conv, published_conv2d());
  }

  /// Halving or doubling between the levels.
  void resample(const std::string& ours) {
    if (config_.block == BlockKind::biggan) {
      block(ours, true);
    } else {
      walk_.module(ours, published_resample(config_.resample_with_conv, !config_.fir.empty()));
    }
  }

  NameTable pyramid_resample() { return published_resample(true, !config_.fir.empty()); }

  Index down(Index i, Index channels, std::vector<Index>& skips) {
    const std::string level = text("down.", i);
    const Index out = config_.level_width(i);
    for (Index b = 0; b < config_.blocks; ++b) {
      block(text(level, ".block.", b), channels != out);
      if (config_.has_attention(i)) {
        walk_.module(text(level, ".attention.", b), published_attention_block());
      }
      channels = out;
      skips.push_back(channels);
    }
    if (i + 1 == config_.levels()) return channels;
    resample(level + ".downsample");
    if (config_.progressive_input == Pyramid::skip) {
      walk_.module(level + ".pyramid.combine", published_combine());
      if (config_.combine == Combine::cat) channels *= 2;
    } else if (config_.progressive_input == Pyramid::residual) {
      walk_.module(level + ".pyramid.downsample", pyramid_resample());
    }
    skips.push_back(channels);
    return channels;
  }

  Index up(Index i, Index channels, std::vector<Index>& skips) {
    const std::string level = text("up.", i);
    const Index out = config_.level_width(i);
    for (Index b = 0; b <= config_.blocks; ++b) {
      block(text(level, ".block.", b), channels + skips.back() != out);
      channels = out;
      skips.pop_back();
    }
    if (config_.has_attention(i)) {
      walk_.module(level + ".attention", published_attention_block());
    }
    output_pyramid(i, level + ".pyramid");
    if (i > 0) resample(level + ".upsample");
    return channels;
  }

  void output_pyramid(Index i, const std::string& ours) {
    if (config_.progressive_output == Pyramid::none) return;
    const bool begins = i + 1 == config_.levels();
    if (config_.progressive_output == Pyramid::residual && !begins) {
      walk_.module(ours + ".upsample", pyramid_resample());
    } else {
      norm_and_conv(ours + ".norm", ours + ".conv");
    }
  }

  const NcsnppConfig& config_;
  BlockOptions block_;
  PublishedWalk walk_;
};

Pyramid published_pyramid(const std::string& name) {
  if (name == "input_skip" || name == "output_skip") return Pyramid::skip;
  return pyramid_named(name);
}

/// What the taps are when the published configuration names none.
std::vector<double> published_taps(const nlohmann::json& model) {
  if (!model.at("fir").get<bool>()) return {};
  const nlohmann::json& taps = model.at("fir_kernel");
  return taps.is_null() ? std::vector<double>{1, 1} : taps.get<std::vector<double>>();
}

void read_sizes(const nlohmann::json& model, const nlohmann::json& data, NcsnppConfig& config) {
  config.image_size = data.at("image_size");
  config.channels = data.at("num_channels");
  config.width = model.at("nf");
  config.multipliers = model.at("ch_mult").get<std::vector<Index>>();
  config.blocks = model.at("num_res_blocks");
  config.attention = model.at("attn_resolutions").get<std::vector<Index>>();
  std::erase_if(config.attention, [&](Index wanted) {
    for (Index i = 0; i < config.levels(); ++i) {
      if (config.resolution(i) == wanted) return false;
    }
    return true;
  });
}

void read_switches(const nlohmann::json& model, NcsnppConfig& config) {
  config.dropout = model.at("dropout");
  config.activation = activation_named(model.at("nonlinearity"));
  config.block = block_kind_named(model.at("resblock_type"));
  config.fir = published_taps(model);
  config.progressive_input = published_pyramid(model.at("progressive_input"));
  config.progressive_output = published_pyramid(model.at("progressive"));
  config.combine = combine_named(model.at("progressive_combine"));
  config.skip_rescale = model.at("skip_rescale");
  config.resample_with_conv = model.at("resamp_with_conv");
  config.conditional = model.at("conditional");
  config.embedding = time_embedding_named(model.at("embedding_type"));
  config.fourier_scale = model.at("fourier_scale");
}

}  // namespace

NameTable ncsnpp_published_names(const NcsnppConfig& config) {
  check(config);
  return Walk(config).names();
}

NcsnppConfig ncsnpp_config_from_published(const nlohmann::json& published) try {
  const nlohmann::json& model = published.at("model");
  const nlohmann::json& data = published.at("data");
  NcsnppConfig config;
  read_sizes(model, data, config);
  read_switches(model, config);
  config.scale_input = !data.at("centered").get<bool>();
  config.scale_by_sigma = model.at("scale_by_sigma");
  config.sigma_min = model.at("sigma_min");
  config.sigma_max = model.at("sigma_max");
  config.num_scales = model.at("num_scales");
  check(config);
  return config;
} catch (const nlohmann::json::exception& e) {
  fail("published config", e.what());
}

}  // namespace ito::nn
