#include "nn/networks/ncsn_published.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "nn/blocks/published_pieces.h"
#include "nn/blocks/published_refine.h"
#include "nn/networks/ncsn.h"

namespace ito::nn {

namespace {

void append_stage(NameTable& table, const NcsnConfig& config, const NcsnStage& stage, Index in,
                  const std::string& ours) {
  const Index out = config.width * stage.multiplier;
  const std::string published = text("res", stage.published);
  append_part(table, published + ".0", ours + ".block.0",
              published_ncsn_block(in, out, first_block_options(config, stage)));
  append_part(table, published + ".1", ours + ".block.1",
              published_ncsn_block(out, out, second_block_options(config, stage)));
}

}  // namespace

NameTable ncsn_published_names(const NcsnConfig& config) {
  check(config);
  const std::vector<NcsnStage>& stages = config.stages();
  const RefineOptions refine = refine_options(config);
  NameTable table;
  append_part(table, "begin_conv", "first", published_conv2d());
  Index in = config.width;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    append_stage(table, config, stages[i], in, text("stage.", i));
    in = config.width * stages[i].multiplier;
    append_part(table, text("refine", stages[i].published_refine), text("refine.", i),
                published_refine(i + 1 < stages.size() ? 2 : 1, i == 0 ? 3 : 1, refine));
  }
  const Index classes = config.conditional() ? config.num_scales : 0;
  append_part(table, "normalizer", "last_norm", published_instance_norm({.classes = classes}));
  append_part(table, "end_conv", "last_conv", published_conv2d());
  return table;
}

NcsnConfig ncsn_config_from_published(const nlohmann::json& published) try {
  const nlohmann::json& model = published.at("model");
  const nlohmann::json& data = published.at("data");
  const std::string name = model.at("name");
  NcsnConfig config;
  if (name.starts_with("ncsnv2_")) {
    config.version = NcsnConfig::Version::ncsnv2;
    config.variant = std::atoi(name.c_str() + std::string("ncsnv2_").size());
  } else if (name != "ncsn") {
    fail("published config", "expected ncsn or ncsnv2_..., got \"", name, "\"");
  }
  config.image_size = data.at("image_size");
  config.channels = data.at("num_channels");
  config.width = model.at("nf");
  config.activation = activation_named(model.at("nonlinearity"));
  config.scale_input = !data.at("centered").get<bool>();
  config.sigma_min = model.at("sigma_min");
  config.sigma_max = model.at("sigma_max");
  config.num_scales = model.at("num_scales");
  check(config);
  return config;
} catch (const nlohmann::json::exception& e) {
  fail("published config", e.what());
}

}  // namespace ito::nn
