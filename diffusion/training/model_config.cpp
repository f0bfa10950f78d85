#include "diffusion/training/model_config.h"

#include <nlohmann/json.hpp>

#include "engine/nearest.h"
#include "nn/networks/ddpm.h"

namespace ito {
namespace {

using nlohmann::json;

constexpr const char* where = "model";

std::string type_of(const json& model) {
  if (!model.is_object()) fail(where, "expected a JSON object, got ", model.dump());
  const auto type = model.find("type");
  if (type == model.end()) return "ddpm";
  if (!type->is_string()) fail(where, "\"type\": expected a string, got ", type->dump());
  return type->get<std::string>();
}

struct MakeNetwork {
  std::unique_ptr<nn::ScoreNetwork> operator()(const nn::DdpmConfig& config) const {
    return std::make_unique<nn::Ddpm>(config);
  }
  std::unique_ptr<nn::ScoreNetwork> operator()(const nn::MlpConfig& config) const {
    return std::make_unique<nn::Mlp>(config);
  }
};

struct ItemShape {
  Shape operator()(const nn::DdpmConfig& c) const {
    return {c.image_size, c.image_size, c.channels};
  }
  Shape operator()(const nn::MlpConfig& c) const { return {c.dimension}; }
};

struct TypeName {
  const char* operator()(const nn::DdpmConfig&) const { return "ddpm"; }
  const char* operator()(const nn::MlpConfig&) const { return "mlp"; }
};

}  // namespace

ModelConfig model_from_json(const json& model) {
  const std::string type = type_of(model);
  json options = model;
  options.erase("type");
  if (type == "ddpm") return options.get<nn::DdpmConfig>();
  if (type == "mlp") return options.get<nn::MlpConfig>();
  fail(where, "unknown type \"", type, "\"", did_you_mean(type, {"ddpm", "mlp"}));
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
  if (type == "ddpm" && item.rank() == 3) {
    fill("image_size", item[0]);
    fill("channels", item[2]);
  }
}

Shape item_shape(const ModelConfig& model) { return std::visit(ItemShape{}, model); }

std::unique_ptr<nn::ScoreNetwork> make_network(const ModelConfig& model) {
  return std::visit(MakeNetwork{}, model);
}

}  // namespace ito
