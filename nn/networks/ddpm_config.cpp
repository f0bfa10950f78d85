#include "nn/networks/ddpm_config.h"

#include <algorithm>

#include "nn/json_reader.h"
#include "nn/layers/sigma_scale.h"

namespace ito::nn {

namespace {

constexpr const char* where = "ddpm config";

void at_least(const char* key, Index value, Index least) {
  if (value < least) fail(where, "\"", key, "\": expected at least ", least, ", got ", value);
}

void check_sizes(const DdpmConfig& c) {
  at_least("image_size", c.image_size, 1);
  at_least("channels", c.channels, 1);
  at_least("width", c.width, 4);
  at_least("blocks", c.blocks, 1);
  at_least("groups", c.groups.max, 1);
  at_least("multipliers (their number)", c.levels(), 1);
  for (const Index m : c.multipliers) at_least("multipliers", m, 1);
  if (!(c.dropout >= 0 && c.dropout < 1)) {
    fail(where, "\"dropout\": expected a probability in [0, 1), got ", c.dropout);
  }
}

void check_resolutions(const DdpmConfig& c) {
  const Index halvings = c.levels() - 1;
  if (halvings > 30 || c.image_size % (Index(1) << halvings) != 0) {
    fail(where, "\"image_size\": expected a multiple of 2^", halvings, " for ", c.levels(),
         " levels, got ", c.image_size);
  }
  for (const Index wanted : c.attention) {
    bool found = false;
    for (Index i = 0; i < c.levels(); ++i) found = found || c.resolution(i) == wanted;
    if (!found) {
      fail(where, "\"attention\": no level has resolution ", wanted, "; the levels have ",
           c.image_size, " down to ", c.resolution(halvings));
    }
  }
}

}  // namespace

bool DdpmConfig::has_attention(Index level) const {
  return std::ranges::find(attention, resolution(level)) != attention.end();
}

void check(const DdpmConfig& config) {
  check_sizes(config);
  check_resolutions(config);
  config.groups.of(config.width);
  for (Index i = 0; i < config.levels(); ++i) config.groups.of(config.level_width(i));
  if (config.scale_by_sigma) {
    descending_sigmas(config.sigma_min, config.sigma_max, config.num_scales);
  }
}

void from_json(const nlohmann::json& json, DdpmConfig& config) {
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
  reader.read("resample_with_conv", config.resample_with_conv);
  reader.read("scale_input", config.scale_input);
  reader.read("scale_by_sigma", config.scale_by_sigma);
  reader.read("sigma_min", config.sigma_min);
  reader.read("sigma_max", config.sigma_max);
  reader.read("num_scales", config.num_scales);
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
  if (!config.scale_by_sigma) return;
  json["sigma_min"] = config.sigma_min;
  json["sigma_max"] = config.sigma_max;
  json["num_scales"] = config.num_scales;
}

}  // namespace ito::nn
