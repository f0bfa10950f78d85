// Configurations: presets, JSON, overlays and what is refused.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "diffusion/data/digits.h"
#include "diffusion/training/config.h"
#include "diffusion/training/presets.h"

namespace ito {
namespace {

using nlohmann::json;

std::string error_of(const json& config) {
  try {
    config_from_json(config);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

/// A preset for the images that it is made for.
json complete(const std::string& name) {
  json config = preset_named(name);
  fill_sizes(config["model"], name == "digits"            ? Shape{8, 8, 1}
                              : name.starts_with("mnist") ? Shape{28, 28, 1}
                                                          : Shape{32, 32, 3});
  return config;
}

TEST(TrainingConfig, WritesWhatItReads) {
  for (const Preset& preset : presets()) {
    const json once = config_to_json(config_from_json(complete(preset.name)));
    EXPECT_EQ(once, config_to_json(config_from_json(once))) << preset.name;
  }
}

TEST(TrainingConfig, EveryPresetKeySurvives) {
  for (const Preset& preset : presets()) {
    const json given = complete(preset.name);
    const json resolved = config_to_json(config_from_json(given));
    for (const auto& [section, keys] : given.items()) {
      for (const auto& [key, value] : keys.items()) {
        EXPECT_EQ(resolved[section][key], value) << preset.name << " " << section << "." << key;
      }
    }
  }
}

TEST(TrainingConfig, EveryNetworkGoesThroughJson) {
  for (const char* type : {"ddpm", "ncsnpp", "ncsn", "ncsnv2", "mlp"}) {
    const json model = model_to_json(model_from_json({{"type", type}}));
    EXPECT_EQ(model.at("type"), type);
    EXPECT_EQ(model_to_json(model_from_json(model)), model);
  }
  EXPECT_NE(error_of({{"model", {{"type", "ncsn++"}}}}).find("did you mean ncsnpp?"),
            std::string::npos);
}

TEST(TrainingConfig, NoiseLevelsThatAreLeftOpenAreThoseOfTheSde) {
  json model = {{"type", "ncsnv2"}, {"num_scales", 7}};
  fill_noise_levels(model, sde_from_json({{"type", "ve"}, {"sigma_max", 20}, {"N", 30}}));
  EXPECT_EQ(model["sigma_max"], 20);
  EXPECT_EQ(model["sigma_min"], 0.01);
  EXPECT_EQ(model["num_scales"], 7) << "it was not open";
  json vp = {{"type", "ddpm"}};
  fill_noise_levels(vp, sde_from_json({{"type", "vp"}}));
  EXPECT_EQ(vp.size(), 1U);
}

TEST(TrainingConfig, UnknownNamesAreExplained) {
  EXPECT_NE(error_of({{"optimizer", json::object()}}).find("did you mean optimiser?"),
            std::string::npos);
  EXPECT_NE(error_of({{"ema", {{"decoy", 1}}}}).find("did you mean decay?"), std::string::npos);
  EXPECT_NE(error_of({{"sde", {{"type", "subpv"}}}}).find("did you mean subvp?"),
            std::string::npos);
  EXPECT_NE(error_of({{"sde", {{"type", "vp"}, {"sigma_min", 1}}}}).find("sigma_min"),
            std::string::npos);
  EXPECT_THROW(preset_named("cifar"), Error);
}

TEST(TrainingConfig, RefusesValuesOutOfRange) {
  EXPECT_NE(error_of({{"batch", {{"size", 0}}}}), "");
  EXPECT_NE(error_of({{"batch", {{"size", 4}, {"accumulate", 5}}}}), "");
  EXPECT_NE(error_of({{"seed", -1}}), "");
  EXPECT_NE(error_of({{"seed", 1.5}}), "");
  EXPECT_NE(error_of({{"ema", {{"decay", 1.5}}}}), "");
  EXPECT_NE(error_of({{"sampling", {{"eps", 0}}}}), "");
  EXPECT_NE(error_of({{"run", {{"log_every", 0}}}}), "");
  EXPECT_NE(error_of({{"data", {{"source", 3}}}}), "");
  EXPECT_NE(error_of(json::array()), "");
  EXPECT_EQ(error_of(json::object()), "");
}

TEST(TrainingConfig, OverlayKeepsWhatIsNotNamed) {
  json base = {{"ema", {{"decay", 0.9}, {"warmup", false}}}, {"seed", 1}};
  overlay(base, {{"ema", {{"decay", 0.5}}}});
  EXPECT_EQ(base, json({{"ema", {{"decay", 0.5}, {"warmup", false}}}, {"seed", 1}}));
}

TEST(TrainingConfig, OverlayWithAnotherTypeBeginsTheSectionAfresh) {
  json base = {{"model", {{"type", "ddpm"}, {"attention", {4}}}}};
  overlay(base, {{"model", {{"type", "mlp"}, {"width", 16}}}});
  EXPECT_EQ(base["model"], json({{"type", "mlp"}, {"width", 16}}));
}

TEST(TrainingConfig, SizesComeFromTheData) {
  ImageSet images = digits();
  EXPECT_EQ(item_shape(resolve(preset_named("digits"), images).model), images.item);
  json other = preset_named("digits");
  other["model"]["image_size"] = 16;
  other["model"]["attention"] = json::array();
  EXPECT_THROW(resolve(other, images), Error);
}

TEST(TrainingConfig, DefinitionLeavesOutWhatDoesNotDecide) {
  TrainingConfig a = config_from_json(complete("digits")), b = a;
  b.run.threads = 7;
  b.run.steps = 3;
  b.data.source = "/elsewhere";
  EXPECT_EQ(definition(a), definition(b));
  b.optimiser.learning_rate *= 2;
  EXPECT_NE(definition(a), definition(b));
}

}  // namespace
}  // namespace ito
