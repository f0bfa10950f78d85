#include "nn/networks/ncsn_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nn/json_fields.h"
#include "nn/layers/sigma_scale.h"

namespace ito::nn {

namespace {

constexpr const char* in_ncsn_config = "ncsn config";

using Stages = std::vector<NcsnStage>;

const Stages for_64 = {{"1", "4", 1, false, 1},
                       {"2", "3", 2, true, 1},
                       {"3", "2", 2, true, 2},
                       {"4", "1", 2, true, 4}};

const Stages for_128 = {{"1", "5", 1, false, 1},
                        {"2", "4", 2, true, 1},
                        {"3", "3", 2, true, 1},
                        {"4", "2", 4, true, 2},
                        {"5", "1", 4, true, 4}};

const Stages for_256 = {{"1", "5", 1, false, 1},  {"2", "4", 2, true, 1}, {"3", "3", 2, true, 1},
                        {"31", "31", 2, true, 1}, {"4", "2", 4, true, 2}, {"5", "1", 4, true, 4}};

/// The variant that was published for images of a size.
Index variant_for(Index image_size) {
  if (image_size < 96) return 64;
  return image_size <= 128 ? 128 : 256;
}

template <class Fields, SameAs<NcsnConfig> Config>
void fields(Fields& f, Config& c) {
  f("image_size", c.image_size);
  f("channels", c.channels);
  f("width", c.width);
  f("variant", c.variant);
  f("activation", c.activation, activation_named);
  f("scale_input", c.scale_input);
  f("sigma_min", c.sigma_min);
  f("sigma_max", c.sigma_max);
  f("num_scales", c.num_scales);
}

}  // namespace

const std::vector<NcsnStage>& NcsnConfig::stages() const {
  const Index wanted = variant != 0 || conditional() ? variant : variant_for(image_size);
  if (wanted == 128) return for_128;
  return wanted == 256 ? for_256 : for_64;
}

void check(const NcsnConfig& config) {
  const auto at_least = [](const char* key, Index value, Index least) {
    if (value < least)
      fail(in_ncsn_config, "\"", key, "\": expected at least ", least, ", got ", value);
  };
  at_least("image_size", config.image_size, 1);
  at_least("channels", config.channels, 1);
  at_least("width", config.width, 2);
  at_least("num_scales", config.num_scales, 1);
  const std::vector<Index> variants =
      config.conditional() ? std::vector<Index>{0, 64} : std::vector<Index>{0, 64, 128, 256};
  if (std::ranges::find(variants, config.variant) == variants.end()) {
    fail(in_ncsn_config, "\"variant\": expected ", config.conditional() ? "64" : "64, 128 or 256",
         " (or 0), got ", config.variant);
  }
  const auto halvings = std::ranges::count_if(config.stages(), &NcsnStage::halves);
  if (config.image_size % (Index(1) << halvings) != 0) {
    fail(in_ncsn_config, "\"image_size\": expected a multiple of 2^", halvings, ", got ",
         config.image_size);
  }
  descending_sigmas(config.sigma_min, config.sigma_max, config.num_scales);
}

void from_json(const nlohmann::json& json, NcsnConfig& config) {
  ReadFields reader(in_ncsn_config, json);
  fields(reader, config);
  reader.finish();
  check(config);
}

void to_json(nlohmann::json& json, const NcsnConfig& config) {
  WriteFields writer;
  fields(writer, config);
  json = writer.json();
}

NcsnConfig ncsnv2_defaults() {
  NcsnConfig config;
  config.version = NcsnConfig::Version::ncsnv2;
  config.sigma_max = 50;
  config.num_scales = 232;
  return config;
}

}  // namespace ito::nn
