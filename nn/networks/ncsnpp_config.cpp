#include "nn/networks/ncsnpp_config.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nn/json_reader.h"
#include "nn/layers/sigma_scale.h"
#include "nn/networks/unet_check.h"

namespace ito::nn {

namespace {

constexpr const char* where = "ncsnpp config";

void check_fir(const std::vector<double>& taps) {
  for (const double tap : taps) {
    if (!std::isfinite(tap)) fail(where, "\"fir\": expected finite taps, got ", tap);
  }
  if (!taps.empty() && std::accumulate(taps.begin(), taps.end(), 0.0) == 0) {
    fail(where, "\"fir\": expected taps whose sum is not 0");
  }
}

}  // namespace

bool NcsnppConfig::has_attention(Index level) const {
  return std::ranges::find(attention, resolution(level)) != attention.end();
}

bool NcsnppConfig::has_sigma_table() const {
  return scale_by_sigma && embedding == TimeEmbedding::Kind::positional;
}

void check(const NcsnppConfig& config) {
  const bool images = config.progressive_input == Pyramid::skip;
  check_unet(where, {.image_size = config.image_size,
                     .channels = config.channels,
                     .width = config.width,
                     .multipliers = config.multipliers,
                     .blocks = config.blocks,
                     .attention = config.attention,
                     .dropout = config.dropout,
                     .groups = config.groups,
                     .widened = images && config.combine == Combine::cat});
  check_fir(config.fir);
  if (config.has_sigma_table()) {
    descending_sigmas(config.sigma_min, config.sigma_max, config.num_scales);
  }
}

void from_json(const nlohmann::json& json, NcsnppConfig& config) {
  JsonReader reader(where, json);
  reader.read("image_size", config.image_size);
  reader.read("channels", config.channels);
  reader.read("width", config.width);
  reader.read("multipliers", config.multipliers);
  reader.read("blocks", config.blocks);
  reader.read("attention", config.attention);
  reader.read("dropout", config.dropout);
  reader.read("activation", config.activation, activation_named);
  reader.read("groups", config.groups.max);
  reader.read("group_rule", config.groups.rule, group_rule_named);
  reader.read("block", config.block, block_kind_named);
  reader.read("fir", config.fir);
  reader.read("progressive_input", config.progressive_input, pyramid_named);
  reader.read("progressive_output", config.progressive_output, pyramid_named);
  reader.read("combine", config.combine, combine_named);
  reader.read("skip_rescale", config.skip_rescale);
  reader.read("resample_with_conv", config.resample_with_conv);
  reader.read("conditional", config.conditional);
  reader.read("embedding", config.embedding, time_embedding_named);
  reader.read("fourier_scale", config.fourier_scale);
  reader.read("scale_input", config.scale_input);
  reader.read("scale_by_sigma", config.scale_by_sigma);
  reader.read("sigma_min", config.sigma_min);
  reader.read("sigma_max", config.sigma_max);
  reader.read("num_scales", config.num_scales);
  reader.finish();
  check(config);
}

void to_json(nlohmann::json& json, const NcsnppConfig& config) {
  json = {{"image_size", config.image_size},
          {"channels", config.channels},
          {"width", config.width},
          {"multipliers", config.multipliers},
          {"blocks", config.blocks},
          {"attention", config.attention},
          {"dropout", config.dropout},
          {"activation", name_of(config.activation)},
          {"groups", config.groups.max},
          {"group_rule", name_of(config.groups.rule)},
          {"block", name_of(config.block)},
          {"fir", config.fir},
          {"progressive_input", name_of(config.progressive_input)},
          {"progressive_output", name_of(config.progressive_output)},
          {"combine", name_of(config.combine)},
          {"skip_rescale", config.skip_rescale},
          {"resample_with_conv", config.resample_with_conv},
          {"conditional", config.conditional},
          {"embedding", name_of(config.embedding)},
          {"fourier_scale", config.fourier_scale},
          {"scale_input", config.scale_input},
          {"scale_by_sigma", config.scale_by_sigma}};
  if (!config.has_sigma_table()) return;
  json["sigma_min"] = config.sigma_min;
  json["sigma_max"] = config.sigma_max;
  json["num_scales"] = config.num_scales;
}

}  // namespace ito::nn
