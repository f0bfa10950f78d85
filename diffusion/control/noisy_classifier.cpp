#include "diffusion/control/noisy_classifier.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "diffusion/samplers/denoised.h"
#include "diffusion/training/config.h"

namespace ito {

using nlohmann::json;

namespace {

constexpr const char* classifier_format = "ito classifier 1";

json range_to_json(Range range) {
  TrainingConfig config;
  config.data.range = range;
  return config_to_json(config)["data"]["range"];
}

ClassifierConfig classifier_config_of(const SafeTensors& file) {
  const auto format = file.metadata.find("format");
  if (format == file.metadata.end() || format->second != classifier_format)
    fail("classifier", file.source, ": not a classifier (ito train-classifier makes them)");
  try {
    const json config = json::parse(file.meta("config"));
    ClassifierConfig result;
    from_json(config.at("model"), result.model);
    result.sde = sde_from_json(config.at("sde"));
    result.range = config_from_json({{"data", {{"range", config.at("range")}}}}).data.range;
    return result;
  } catch (const json::exception& e) {
    fail("classifier", file.source, ": ", e.what());
  }
}

}  // namespace

NoisyClassifier::NoisyClassifier(const ClassifierConfig& config)
    : config_(config),
      sde_(make_sde(config.sde)),
      network_(std::make_unique<nn::WideResnet>(config.model)) {}

NoisyClassifier::NoisyClassifier(const SafeTensors& file)
    : NoisyClassifier(classifier_config_of(file)) {
  nn::TensorMap state;
  for (const auto& [name, stored] : file.tensors) state[name] = file.tensor(name);
  nn::load(*network_, state);
}

Tensor NoisyClassifier::features(const Tensor& x, const Times& t) const {
  const auto size = per_sample(
      t, [&](double t_n) { return 1 / std::hypot(sde_->mean_scale(t_n), sde_->std(t_n)); });
  const auto level = per_sample(t, [&](double t_n) { return noise_level(*sde_, t_n); });
  return network_->features(scale_per_sample(x, size), level);
}

Tensor NoisyClassifier::forward(const Tensor& x, const Times& t) const {
  return network_->logits(features(x, t));
}

std::string NoisyClassifier::config_text() const {
  json model;
  to_json(model, config_.model);
  return json{
      {"model", model}, {"sde", sde_to_json(config_.sde)}, {"range", range_to_json(config_.range)}}
      .dump();
}

SafeTensors NoisyClassifier::contents() const {
  SafeTensors file;
  file.metadata["format"] = classifier_format;
  file.metadata["config"] = config_text();
  for (const auto& [name, value] : nn::values(*network_)) file.add(name, value);
  return file;
}

nn::WideResnetConfig small_classifier() {
  return {.width = 16, .multiplier = 2, .blocks = 1, .embedding = 16};
}

void check_classifier(const NoisyClassifier& classifier, const Shape& item, Range range,
                      const SdeConfig& sde) {
  const ClassifierConfig& own = classifier.config();
  const Shape images = {own.model.image_size, own.model.image_size, own.model.channels};
  if (images != item) fail("classifier", "is for images ", images, ", the model's are ", item);
  if (own.range != range)
    fail("classifier", "was trained on data scaled as ", range_to_json(own.range),
         ", the model on ", range_to_json(range));
  if (sde_to_json(own.sde) != sde_to_json(sde))
    fail("classifier", "was trained under the SDE ", sde_to_json(own.sde), ", the model under ",
         sde_to_json(sde));
}

}  // namespace ito
