#include "diffusion/training/model_config.h"

#include <nlohmann/json.hpp>

#include "engine/nearest.h"
#include "nn/networks/ddpm.h"
#include "nn/networks/ncsn.h"
#include "nn/networks/ncsnpp.h"

namespace ito {
namespace {

using nlohmann::json;

constexpr const char* in_model = "model";

std::string type_of(const json& model) {
  if (!model.is_object()) fail(in_model, "expected a JSON object, got ", model.dump());
  const auto type = model.find("type");
  if (type == model.end()) return "ddpm";
  if (!type->is_string()) fail(in_model, "\"type\": expected a string, got ", type->dump());
  return type->get<std::string>();
}

using Made = std::unique_ptr<nn::ScoreNetwork>;

struct MakeNetwork {
  Made operator()(const nn::DdpmConfig& c) const { return std::make_unique<nn::Ddpm>(c); }
  Made operator()(const nn::NcsnppConfig& c) const { return std::make_unique<nn::Ncsnpp>(c); }
  Made operator()(const nn::NcsnConfig& c) const { return std::make_unique<nn::Ncsn>(c); }
  Made operator()(const nn::MlpConfig& c) const { return std::make_unique<nn::Mlp>(c); }
};

struct ItemShape {
  template <class ImageConfig>
  Shape operator()(const ImageConfig& c) const {
    return {c.image_size, c.image_size, c.channels};
  }
  Shape operator()(const nn::MlpConfig& c) const { return {c.dimension}; }
};

struct TypeName {
  const char* operator()(const nn::DdpmConfig&) const { return "ddpm"; }
  const char* operator()(const nn::NcsnppConfig&) const { return "ncsnpp"; }
  const char* operator()(const nn::NcsnConfig& c) const {
    return c.conditional() ? "ncsn" : "ncsnv2";
  }
  const char* operator()(const nn::MlpConfig&) const { return "mlp"; }
};

/// Fills in what `options` says and leaves the rest at its defaults.
template <class Config>
Config read(const json& options, Config config = {}) {
  from_json(options, config);
  return config;
}

}  // namespace

ModelConfig model_from_json(const json& model) {
  const std::string type = type_of(model);
  json options = model;
  options.erase("type");
  if (type == "ddpm") return read<nn::DdpmConfig>(options);
  if (type == "ncsnpp") return read<nn::NcsnppConfig>(options);
  if (type == "ncsn") return read<nn::NcsnConfig>(options);
  if (type == "ncsnv2") return read(options, nn::ncsnv2_defaults());
  if (type == "mlp") return read<nn::MlpConfig>(options);
  fail(in_model, "unknown type \"", type, "\"",
       did_you_mean(type, {"ddpm", "ncsnpp", "ncsn", "ncsnv2", "mlp"}));
}

json model_to_json(const ModelConfig& model) {
  json out = std::visit([](const auto& config) { return json(config); }, model);
  out["type"] = std::visit(TypeName{}, model);
  return out;
}

void fill_sizes(json& model, const Shape& item) {
  const std::string type = type_of(model);
  const auto fill = [&](const char* key, Index size) {
    if (!model.contains(key)) model[key] = size;
  };
  if (type == "mlp" && item.rank() == 1) fill("dimension", item[0]);
  if (type != "mlp" && item.rank() == 3) {
    fill("image_size", item[0]);
    fill("channels", item[2]);
  }
}

void fill_noise_levels(json& model, const SdeConfig& sde) {
  const std::string type = type_of(model);
  const auto fill = [&](const char* key, auto value) {
    if (!model.contains(key)) model[key] = value;
  };
  if (sde.type == SdeConfig::Type::soft) {  // labels are times, from 0 to N - 1
    if (type.starts_with("ncsn")) fill("num_scales", sde.N);
    if (type == "ncsnpp") fill("scale_by_sigma", false);
  }
  if (sde.type != SdeConfig::Type::ve || type == "mlp") return;
  fill("sigma_min", sde.sigma_min);
  fill("sigma_max", sde.sigma_max);
  fill("num_scales", sde.N);
}

Shape item_shape(const ModelConfig& model) { return std::visit(ItemShape{}, model); }

std::unique_ptr<nn::ScoreNetwork> make_network(const ModelConfig& model) {
  return std::visit(MakeNetwork{}, model);
}

}  // namespace ito
