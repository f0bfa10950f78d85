#include "nn/networks/wide_resnet.h"

#include "engine/ops.h"
#include "nn/json_fields.h"

namespace ito::nn {

namespace {

constexpr const char* in_wide_resnet_config = "wide_resnet config";
constexpr Index group_count = 3;

template <class Fields, SameAs<WideResnetConfig> Config>
void fields(Fields& f, Config& c) {
  f("image_size", c.image_size);
  f("channels", c.channels);
  f("classes", c.classes);
  f("width", c.width);
  f("multiplier", c.multiplier);
  f("blocks", c.blocks);
  f("embedding", c.embedding);
  f("fourier_scale", c.fourier_scale);
  f("groups", c.groups.max);
  f("group_rule", c.groups.rule, group_rule_named);
}

const WideResnetConfig& checked(const WideResnetConfig& config) {
  check(config);
  return config;
}

Index group_width(const WideResnetConfig& config, Index group) {
  return (config.width * config.multiplier) << group;
}

TimeEmbedding::Options time_options(const WideResnetConfig& config) {
  return {.kind = TimeEmbedding::Kind::fourier,
          .dim = config.embedding,
          .out = 4 * config.embedding,
          .fourier_scale = config.fourier_scale,
          .activation = Activation::swish};
}

}  // namespace

void check(const WideResnetConfig& config) {
  const auto at_least = [](const char* key, Index value, Index least) {
    if (value < least)
      fail(in_wide_resnet_config, "\"", key, "\": expected at least ", least, ", got ", value);
  };
  at_least("image_size", config.image_size, 4);
  at_least("channels", config.channels, 1);
  at_least("classes", config.classes, 1);
  at_least("width", config.width, 4);
  at_least("multiplier", config.multiplier, 1);
  at_least("blocks", config.blocks, 1);
  at_least("embedding", config.embedding, 1);
  if (config.image_size % 4 != 0) {
    fail(in_wide_resnet_config, "\"image_size\": expected a multiple of 4, got ",
         config.image_size);
  }
  config.groups.of(config.width);
  for (Index group = 0; group < group_count; ++group) config.groups.of(group_width(config, group));
}

void from_json(const nlohmann::json& json, WideResnetConfig& config) {
  ReadFields reader(in_wide_resnet_config, json);
  fields(reader, config);
  reader.finish();
  check(config);
}

void to_json(nlohmann::json& json, const WideResnetConfig& config) {
  WriteFields writer;
  fields(writer, config);
  json = writer.json();
}

WideResnet::WideResnet(const WideResnetConfig& config)
    : config_(checked(config)),
      time_(time_options(config)),
      first_(config.channels, config.width),
      last_norm_(group_width(config, group_count - 1), config.groups),
      last_(group_width(config, group_count - 1), config.classes) {
  add_child("time", time_);
  add_child("first", first_);
  Index channels = config.width;
  for (Index group = 0; group < group_count; ++group) {
    for (Index b = 0; b < config.blocks; ++b) {
      const WideBlock::Options options = {.embedding = 4 * config.embedding,
                                          .groups = config.groups,
                                          .halve = group > 0 && b == 0,
                                          .activated_shortcut = group == 0 && b == 0};
      blocks_.push_back(std::make_unique<WideBlock>(channels, group_width(config, group), options));
      add_child(text("group.", group, ".block.", b), *blocks_.back());
      channels = group_width(config, group);
    }
  }
  add_child("last_norm", last_norm_);
  add_child("last", last_);
}

void WideResnet::check_input(const Tensor& x, const std::vector<double>& sigmas) const {
  const Index size = config_.image_size;
  if (x.rank() != 4 || x.size(1) != size || x.size(2) != size || x.size(3) != config_.channels) {
    fail("wide_resnet", "expected images [N, ", size, ", ", size, ", ", config_.channels, "], got ",
         x.shape());
  }
  if (static_cast<Index>(sigmas.size()) != x.size(0)) {
    fail("wide_resnet", "expected one noise level per image, ", x.size(0), ", got ", sigmas.size());
  }
}

Tensor WideResnet::features(const Tensor& x, const std::vector<double>& sigmas) const {
  check_input(x, sigmas);
  const Tensor temb = time_.forward(sigmas);
  Tensor h = first_.forward(x);
  for (const auto& block : blocks_) h = block->forward(h, temb);
  return mean(relu(last_norm_.forward(h)), {1, 2});
}

Tensor WideResnet::forward(const Tensor& x, const std::vector<double>& sigmas) const {
  return logits(features(x, sigmas));
}

}  // namespace ito::nn
