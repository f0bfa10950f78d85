#include "nn/networks/ddpm_diffusers.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "nn/blocks/published_pieces.h"

namespace ito::nn {

namespace {

using nlohmann::json;

constexpr const char* in_diffusers_config = "diffusers config";

NameTable diffusers_residual_block(bool with_shortcut) {
  NameTable table;
  append_part(table, "norm1", "norm_0", published_group_norm());
  append_part(table, "conv1", "conv_0", published_conv2d());
  append_part(table, "time_emb_proj", "time", published_linear());
  append_part(table, "norm2", "norm_1", published_group_norm());
  append_part(table, "conv2", "conv_1", published_conv2d());
  if (with_shortcut) {
    table.push_back({"conv_shortcut.weight", "shortcut.weight", Layout::pointwise});
    table.push_back({"conv_shortcut.bias", "shortcut.bias"});
  }
  return table;
}

NameTable attention_block() {
  NameTable table;
  append_part(table, "group_norm", "norm", published_group_norm());
  append_part(table, "to_q", "query", published_linear());
  append_part(table, "to_k", "key", published_linear());
  append_part(table, "to_v", "value", published_linear());
  append_part(table, "to_out.0", "out", published_linear());
  return table;
}

void append_down(NameTable& table, const DdpmConfig& config, std::vector<Index>& skips) {
  for (Index i = 0; i < config.levels(); ++i) {
    const std::string theirs = text("down_blocks.", i), ours = text("down.", i);
    for (Index b = 0; b < config.blocks; ++b) {
      append_part(table, text(theirs, ".resnets.", b), text(ours, ".block.", b),
                  diffusers_residual_block(skips.back() != config.level_width(i)));
      if (config.has_attention(i)) {
        append_part(table, text(theirs, ".attentions.", b), text(ours, ".attention.", b),
                    attention_block());
      }
      skips.push_back(config.level_width(i));
    }
    if (i + 1 == config.levels()) continue;
    append_part(table, theirs + ".downsamplers.0.conv", ours + ".downsample.conv",
                published_conv2d());
    skips.push_back(skips.back());
  }
}

/// Their levels are numbered from the lowest resolution on.
void append_up(NameTable& table, const DdpmConfig& config, std::vector<Index> skips) {
  Index channels = skips.back();
  for (Index i = config.levels() - 1; i >= 0; --i) {
    const std::string theirs = text("up_blocks.", config.levels() - 1 - i), ours = text("up.", i);
    for (Index b = 0; b <= config.blocks; ++b) {
      append_part(table, text(theirs, ".resnets.", b), text(ours, ".block.", b),
                  diffusers_residual_block(channels + skips.back() != config.level_width(i)));
      if (config.has_attention(i)) {
        append_part(table, text(theirs, ".attentions.", b), text(ours, ".attention.", b),
                    attention_block());
      }
      channels = config.level_width(i);
      skips.pop_back();
    }
    if (i > 0) {
      append_part(table, theirs + ".upsamplers.0.conv", ours + ".upsample.conv",
                  published_conv2d());
    }
  }
}

/// A setting must be the one that DDPM has; `absent` is what the library takes without it.
void require(const json& config, const char* key, const json& absent, const json& wanted) {
  const json value = config.value(key, absent);
  if (value == wanted) return;
  fail(in_diffusers_config, "\"", key, "\": expected ", wanted.dump(), ", as in DDPM, got ",
       value.dump());
}

void require_ddpm(const json& config) {
  require(config, "_class_name", "UNet2DModel", "UNet2DModel");
  require(config, "time_embedding_type", "positional", "positional");
  require(config, "flip_sin_to_cos", true, false);
  require(config, "freq_shift", 0, 1);
  require(config, "downsample_padding", 1, 0);
  require(config, "mid_block_scale_factor", 1, 1);
  require(config, "act_fn", "silu", "silu");
  require(config, "norm_eps", 1e-5, 1e-6);
  require(config, "attention_head_dim", 8, nullptr);
  require(config, "center_input_sample", false, false);
  require(config, "add_attention", true, true);
  require(config, "attn_norm_num_groups", nullptr, nullptr);
  require(config, "resnet_time_scale_shift", "default", "default");
  require(config, "downsample_type", "conv", "conv");
  require(config, "upsample_type", "conv", "conv");
  require(config, "class_embed_type", nullptr, nullptr);
  require(config, "num_class_embeds", nullptr, nullptr);
  require(config, "out_channels", 3, config.value("in_channels", 3));
}

/// Is attention at each level on the way down, and the same on the way up?
std::vector<bool> attention_levels(const json& config) {
  std::vector<bool> attention;
  for (const json& kind : config.at("down_block_types")) {
    if (kind != "DownBlock2D" && kind != "AttnDownBlock2D") {
      fail(in_diffusers_config, "expected DownBlock2D or AttnDownBlock2D, got ", kind.dump());
    }
    attention.push_back(kind == "AttnDownBlock2D");
  }
  json up = json::array();
  for (auto it = attention.rbegin(); it != attention.rend(); ++it) {
    up.push_back(*it ? "AttnUpBlock2D" : "UpBlock2D");
  }
  if (config.at("up_block_types") != up) {
    fail(in_diffusers_config, "\"up_block_types\": expected ", up.dump(),
         ", as on the way down, got ", config.at("up_block_types").dump());
  }
  return attention;
}

void read_widths(const json& config, DdpmConfig& out) {
  const auto widths = config.at("block_out_channels").get<std::vector<Index>>();
  if (widths.empty() || widths[0] < 1)
    fail(in_diffusers_config, "\"block_out_channels\": there are none");
  out.width = widths[0];
  out.multipliers.clear();
  for (const Index width : widths) {
    if (width < 1 || width % out.width != 0) {
      fail(in_diffusers_config, "\"block_out_channels\": expected multiples of the first, ",
           out.width, ", got ", width);
    }
    out.multipliers.push_back(width / out.width);
  }
}

}  // namespace

NameTable ddpm_diffusers_names(const DdpmConfig& config) {
  check(config);
  if (!config.attention_each_up || !config.resample_with_conv) {
    fail(in_diffusers_config,
         "there are names for attention after every block and resampling convolutions only");
  }
  NameTable table;
  std::vector<Index> skips = {config.width};
  append_part(table, "time_embedding.linear_1", "time.linear_0", published_linear());
  append_part(table, "time_embedding.linear_2", "time.linear_1", published_linear());
  append_part(table, "conv_in", "first", published_conv2d());
  append_down(table, config, skips);
  append_part(table, "mid_block.resnets.0", "middle.block_0", diffusers_residual_block(false));
  append_part(table, "mid_block.attentions.0", "middle.attention", attention_block());
  append_part(table, "mid_block.resnets.1", "middle.block_1", diffusers_residual_block(false));
  append_up(table, config, skips);
  append_part(table, "conv_norm_out", "last_norm", published_group_norm());
  append_part(table, "conv_out", "last_conv", published_conv2d());
  return table;
}

DdpmConfig ddpm_config_from_diffusers(const json& config) try {
  require_ddpm(config);
  DdpmConfig out;
  out.image_size = config.at("sample_size");
  out.channels = config.value("in_channels", 3);
  out.blocks = config.value("layers_per_block", 2);
  out.groups.max = config.value("norm_num_groups", 32);
  out.dropout = config.value("dropout", 0.0);
  out.attention_each_up = true;
  read_widths(config, out);
  const std::vector<bool> attention = attention_levels(config);
  if (static_cast<Index>(attention.size()) != out.levels()) {
    fail(in_diffusers_config, "expected as many \"down_block_types\" as \"block_out_channels\"");
  }
  out.attention.clear();
  for (Index i = 0; i < out.levels(); ++i) {
    if (attention[static_cast<std::size_t>(i)]) out.attention.push_back(out.resolution(i));
  }
  check(out);
  return out;
} catch (const json::exception& e) {
  fail(in_diffusers_config, e.what());
}

std::string current_diffusers_name(const std::string& name) {
  constexpr std::pair<const char*, const char*> renamed[] = {{".query.", ".to_q."},
                                                             {".key.", ".to_k."},
                                                             {".value.", ".to_v."},
                                                             {".proj_attn.", ".to_out.0."}};
  const auto attention = name.find(".attentions.");
  if (attention == std::string::npos) return name;
  for (const auto& [before, now] : renamed) {
    const auto at = name.find(before, attention);
    if (at != std::string::npos) {
      return name.substr(0, at) + now + name.substr(at + std::string(before).size());
    }
  }
  return name;
}

}  // namespace ito::nn
