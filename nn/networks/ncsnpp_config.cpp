#include "nn/networks/ncsnpp_config.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nn/json_fields.h"
#include "nn/layers/sigma_scale.h"
#include "nn/networks/unet_check.h"

namespace ito::nn {

namespace {

constexpr const char* in_ncsnpp_config = "ncsnpp config";

void check_fir(const std::vector<double>& taps) {
  for (const double tap : taps) {
    if (!std::isfinite(tap)) fail(in_ncsnpp_config, "\"fir\": expected finite taps, got ", tap);
  }
  if (!taps.empty() && std::accumulate(taps.begin(), taps.end(), 0.0) == 0) {
    fail(in_ncsnpp_config, "\"fir\": expected taps whose sum is not 0");
  }
}

template <class Fields, SameAs<NcsnppConfig> Config>
void fields(Fields& f, Config& c) {
  f("image_size", c.image_size);
  f("channels", c.channels);
  f("width", c.width);
  f("multipliers", c.multipliers);
  f("blocks", c.blocks);
  f("attention", c.attention);
  f("dropout", c.dropout);
  f("activation", c.activation, activation_named);
  f("groups", c.groups.max);
  f("group_rule", c.groups.rule, group_rule_named);
  f("block", c.block, block_kind_named);
  f("fir", c.fir);
  f("progressive_input", c.progressive_input, pyramid_named);
  f("progressive_output", c.progressive_output, pyramid_named);
  f("combine", c.combine, combine_named);
  f("skip_rescale", c.skip_rescale);
  f("resample_with_conv", c.resample_with_conv);
  f("conditional", c.conditional);
  f("embedding", c.embedding, time_embedding_named);
  f("fourier_scale", c.fourier_scale);
  f("scale_input", c.scale_input);
  f("scale_by_sigma", c.scale_by_sigma);
  f("sigma_min", c.sigma_min);
  f("sigma_max", c.sigma_max);
  f("num_scales", c.num_scales);
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
  check_unet(in_ncsnpp_config, {.image_size = config.image_size,
                                .channels = config.channels,
                                .width = config.width,
                                .multipliers = config.multipliers,
                                .blocks = config.blocks,
                                .attention = config.attention,
                                .dropout = config.dropout,
                                .groups = config.groups,
                                .widened = images && config.combine == Combine::cat});
  check_fir(config.fir);
  check(in_ncsnpp_config, config.told);
  if (config.told.classes > 0 && !config.conditional)
    fail(in_ncsnpp_config,
         "\"classes\": a network that is not \"conditional\" cannot be told them");
  if (config.has_sigma_table()) {
    descending_sigmas(config.sigma_min, config.sigma_max, config.num_scales);
  }
}

void from_json(const nlohmann::json& json, NcsnppConfig& config) {
  ReadFields reader(in_ncsnpp_config, json);
  fields(reader, config);
  reader("classes", config.told.classes);
  reader("label_dropout", config.told.label_dropout);
  reader.finish();
  check(config);
}

void to_json(nlohmann::json& json, const NcsnppConfig& config) {
  WriteFields writer;
  fields(writer, config);
  if (config.told.classes > 0) {
    writer("classes", config.told.classes);
    writer("label_dropout", config.told.label_dropout);
  }
  json = writer.json();
}

}  // namespace ito::nn
