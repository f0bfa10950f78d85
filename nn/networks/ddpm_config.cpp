#include "nn/networks/ddpm_config.h"

#include <algorithm>

#include "nn/json_reader.h"
#include "nn/layers/sigma_scale.h"
#include "nn/networks/unet_check.h"

namespace ito::nn {

namespace {

constexpr const char* in_ddpm_config = "ddpm config";

}  // namespace

bool DdpmConfig::has_attention(Index level) const {
  return std::ranges::find(attention, resolution(level)) != attention.end();
}

void check(const DdpmConfig& config) {
  check_unet(in_ddpm_config, {.image_size = config.image_size,
                              .channels = config.channels,
                              .width = config.width,
                              .multipliers = config.multipliers,
                              .blocks = config.blocks,
                              .attention = config.attention,
                              .dropout = config.dropout,
                              .groups = config.groups});
  check(in_ddpm_config, config.told);
  if (config.scale_by_sigma) {
    descending_sigmas(config.sigma_min, config.sigma_max, config.num_scales);
  }
}

void from_json(const nlohmann::json& json, DdpmConfig& config) {
  JsonReader reader(in_ddpm_config, json);
  reader.read("image_size", config.image_size);
  reader.read("channels", config.channels);
  reader.read("width", config.width);
  reader.read("multipliers", config.multipliers);
  reader.read("blocks", config.blocks);
  reader.read("attention", config.attention);
  reader.read("attention_each_up", config.attention_each_up);
  reader.read("dropout", config.dropout);
  reader.read("activation", config.activation, activation_named);
  reader.read("groups", config.groups.max);
  reader.read("group_rule", config.groups.rule, group_rule_named);
  reader.read("resample_with_conv", config.resample_with_conv);
  reader.read("scale_input", config.scale_input);
  reader.read("scale_by_sigma", config.scale_by_sigma);
  reader.read("sigma_min", config.sigma_min);
  reader.read("sigma_max", config.sigma_max);
  reader.read("num_scales", config.num_scales);
  reader.read("classes", config.told.classes);
  reader.read("label_dropout", config.told.label_dropout);
  reader.finish();
  check(config);
}

void to_json(nlohmann::json& json, const DdpmConfig& config) {
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
          {"resample_with_conv", config.resample_with_conv},
          {"scale_input", config.scale_input},
          {"scale_by_sigma", config.scale_by_sigma}};
  if (config.attention_each_up) json["attention_each_up"] = true;
  if (config.told.classes > 0) {
    json["classes"] = config.told.classes;
    json["label_dropout"] = config.told.label_dropout;
  }
  if (!config.scale_by_sigma) return;
  json["sigma_min"] = config.sigma_min;
  json["sigma_max"] = config.sigma_max;
  json["num_scales"] = config.num_scales;
}

}  // namespace ito::nn
