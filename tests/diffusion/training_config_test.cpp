// Configurations: presets, JSON, overlays and what is refused.

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "diffusion/data/digits.h"
#include "diffusion/noise_levels.h"
#include "diffusion/training/config.h"
#include "diffusion/training/presets.h"
#include "diffusion/training/trainer.h"
#include "nn/networks/presets.h"

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

/// The images that a preset is made for.
Shape preset_item(const std::string& preset) {
  if (preset.starts_with("digits")) return {8, 8, 1};
  if (preset.starts_with("mnist")) return {28, 28, 1};
  return {32, 32, 3};
}

json complete(const std::string& name) {
  json config = preset_named(name);
  fill_sizes(config["model"], preset_item(name));
  fill_noise_levels(config["model"], sde_from_json(config["sde"]));
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

/// Each on two images, the networks for CIFAR-10 made narrow.
TEST(TrainingConfig, EveryPresetTrainsOneStep) {
  for (const Preset& preset : presets()) {
    const Shape item = preset_item(preset.name);
    ImageSet images;
    images.count = 2;
    images.item = item;
    for (Index i = 0; i < 2 * item.elements(); ++i)
      images.pixels.push_back(static_cast<std::uint8_t>(i % 256));
    json config = preset_named(preset.name);
    config["batch"]["size"] = 2;
    if (item == Shape{32, 32, 3})
      overlay(config, {{"model", {{"width", 32}, {"multipliers", {1, 1, 1, 1}}}}});
    Trainer trainer(resolve(config, images), images);
    EXPECT_TRUE(std::isfinite(trainer.step().loss)) << preset.name;
    EXPECT_EQ(trainer.steps_done(), 1) << preset.name;
  }
}

TEST(TrainingConfig, PresetsForCifar10HaveThePublishedNetworks) {
  const std::pair<const char*, const char*> published[] = {
      {"cifar10-ddpm", "ddpm_cifar10"},
      {"cifar10-ncsnpp", "ncsnpp_cifar10_continuous"},
      {"cifar10-ncsnpp-deep", "ncsnpp_cifar10_deep"},
      {"cifar10-ddpmpp", "ddpmpp_cifar10_continuous"},
      {"cifar10-ddpmpp-deep", "ddpmpp_cifar10_deep"},
      {"cifar10-ddpmpp-subvp", "ddpmpp_cifar10_continuous"},
      {"cifar10-ddpmpp-deep-subvp", "ddpmpp_cifar10_deep"}};
  for (const auto& [preset, network] : published) {
    const json expected = std::visit([](const auto& config) { return json(config); },
                                     nn::network_preset(network).config);
    json model = model_to_json(model_from_json(complete(preset)["model"]));
    model.erase("type");
    EXPECT_EQ(model, expected) << preset;
  }
}

/// What NCSN and DDPM are: their objective at discrete levels, their sampler.
TEST(TrainingConfig, PresetsForDigitsAreSampledTheirOwnWay) {
  const auto of = [](const char* name) { return config_from_json(complete(name)); };
  for (const char* name : {"digits-ncsn", "digits-ncsnv2"}) {
    const TrainingConfig c = of(name);
    EXPECT_EQ(c.objective.type, ObjectiveConfig::Type::smld) << name;
    EXPECT_EQ(c.sampling.predictor + c.sampling.corrector, "noneald") << name;
    EXPECT_EQ(c.sampling.steps, c.sde.N) << "one time of the grid for each level";
  }
  EXPECT_EQ(of("digits-ddpm").objective.type, ObjectiveConfig::Type::ddpm);
  EXPECT_EQ(of("digits-ddpm").sampling.predictor, "ancestral");
  // The step size of NCSN: 2 snr^2 = 2e-5 / 0.01^2.
  EXPECT_NEAR(of("digits-ncsn").sampling.snr, std::sqrt(0.1), 5e-4);
}

/// What ito noise-levels says of the digits.
TEST(TrainingConfig, NoiseLevelsOfTheDigitsComeFromTheData) {
  const TrainingConfig c = config_from_json(complete("digits-ncsnv2"));
  const double sigma_1 = largest_distance(digits_split().train).distance;
  EXPECT_NEAR(c.sde.sigma_max, sigma_1, 0.05);
  EXPECT_EQ(c.sde.N, level_count(sigma_1, c.sde.sigma_min, level_ratio(64)));
  const double gamma = ratio_of_levels(sigma_1, c.sde.sigma_min, c.sde.N);
  const LangevinStep step = best_langevin_step(c.sde.sigma_min, gamma, c.sampling.corrector_steps);
  EXPECT_NEAR(c.sampling.snr, std::sqrt(step.eps / 2) / c.sde.sigma_min, 5e-4);
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

TEST(TrainingConfig, ImportanceBelongsToTheLikelihoodWeighting) {
  json config = {{"objective", {{"weighting", "likelihood"}, {"importance", true}}}};
  EXPECT_TRUE(config_from_json(config).objective.importance);
  EXPECT_EQ(config_to_json(config_from_json(config))["objective"]["importance"], true);
  config["objective"]["type"] = "smld";
  EXPECT_NE(error_of(config).find("\"importance\""), std::string::npos);
  EXPECT_NE(error_of({{"objective", {{"importance", true}}}}).find("importance"),
            std::string::npos);
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
