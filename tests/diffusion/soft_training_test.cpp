// Runs of soft diffusion: every score network serves, and a checkpoint holds all that samples need.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "diffusion/control/class_guidance.h"
#include "diffusion/data/digits.h"
#include "diffusion/training/checkpoint.h"
#include "diffusion/training/presets.h"
#include "diffusion/training/soft_generator.h"
#include "diffusion/training/trained_model.h"
#include "tests/errors.h"

namespace ito {
namespace {

using nlohmann::json;

const ImageSet& soft_images() {
  static const ImageSet set = digits();
  return set;
}

TrainingConfig soft_run(const json& patch) {
  json config = preset_named("digits-soft-blur");
  overlay(config, {{"batch", {{"size", 3}}}, {"sampling", {{"steps", 3}}}});
  overlay(config, patch);
  return resolve(config, soft_images());
}

/// Two steps, and two samples of each network, all finite; what a checkpoint gives back draws the
/// same ones.
TEST(SoftTraining, AnyScoreNetworkServes) {
  const json networks[] = {{{"type", "ddpm"},
                            {"width", 4},
                            {"multipliers", {1}},
                            {"blocks", 1},
                            {"attention", {8}},
                            {"group_rule", "quarter"}},
                           {{"type", "ncsnpp"},
                            {"width", 4},
                            {"multipliers", {1, 1}},
                            {"blocks", 1},
                            {"attention", {4}}},
                           {{"type", "ncsn"}, {"width", 4}},
                           {{"type", "ncsnv2"}, {"width", 4}}};
  const std::string path =
      (std::filesystem::temp_directory_path() / "ito_soft_training.safetensors").string();
  for (const json& network : networks) {
    Trainer trainer(soft_run({{"model", network}}), soft_images());
    for (int k = 0; k < 2; ++k) EXPECT_TRUE(std::isfinite(trainer.step().loss)) << network;
    const TrainingConfig& config = trainer.config();
    const SampleRange range = {.seed = 5, .first = 0, .count = 2};
    const Generator& generator = trainer.generator();
    const Samples own =
        generator.draw(generator.evaluated(trainer.network()), config.sampling, range);
    write_checkpoint(path, trainer, Overwrite::yes);
    const TrainedModel model(read_checkpoint(path), Weights::raw);
    const Samples again = model.generator().draw(model.evaluated(), config.sampling, range);
    EXPECT_EQ(own.x.to_host(), again.x.to_host()) << network;
  }
  std::filesystem::remove(path);
}

/// The film begins with the images and ends with the prior's kind of noise; the samples' film ends
/// with the samples, and below are the clean images that the network sees in it.
TEST(SoftTraining, FilmsGoFromImagesToNoiseAndBack) {
  Trainer trainer(
      soft_run(
          {{"model", {{"width", 4}, {"multipliers", {1}}, {"blocks", 1}, {"attention", {8}}}}}),
      soft_images());
  const Generator& generator = trainer.generator();
  const SoftDiffusion& diffusion = dynamic_cast<const SoftGenerator&>(generator).diffusion();
  const Tensor x_0 = batch(soft_images(), 0, 2, Range::unit);
  const Tensor there = generator.forward_film(x_0, 4, 9);
  EXPECT_EQ(slice(there, 0, 4, 5).to_host(), slice(x_0, 0, 1, 2).to_host());
  const Tensor eta = random_noise(x_0.shape(), 9)(Purpose::noise, 0, 0);
  EXPECT_EQ(slice(there, 0, 3, 4).to_host(),
            slice(diffusion.perturb(x_0, {1, 1}, eta), 0, 0, 1).to_host());
  const Score h = generator.evaluated(trainer.network());
  const SampleRange range = {.seed = 4, .count = 2};
  const Tensor back = generator.reverse_film(h, trainer.config().sampling, range, 3);
  const Samples samples = generator.draw(h, trainer.config().sampling, range);
  EXPECT_EQ(back.size(0), 2 * 2 * 3);
  EXPECT_EQ(slice(back, 0, 5, 6).to_host(), slice(samples.x, 0, 1, 2).to_host());
  const Tensor x_1 = slice(back, 0, 3, 4);
  EXPECT_EQ(slice(back, 0, 9, 10).to_host(), h(x_1, {1}).to_host());
}

/// A network that is told classes draws them, and is guided: h = h_0 + w (h_class - h_0) gives the
/// score that classifier-free guidance asks for, as the score is linear in h.
TEST(SoftTraining, ClassesGuideByTheCleanImage) {
  const json told = {{"width", 4},       {"multipliers", {1}}, {"blocks", 1},
                     {"attention", {8}}, {"classes", 10},      {"label_dropout", 0.5}};
  Trainer trainer(soft_run({{"model", told}}), soft_images());
  for (int k = 0; k < 3; ++k) trainer.step();
  const std::string path =
      (std::filesystem::temp_directory_path() / "ito_soft_classes.safetensors").string();
  write_checkpoint(path, trainer, Overwrite::yes);
  const TrainedModel model(read_checkpoint(path), Weights::raw);
  std::filesystem::remove(path);
  const SoftDiffusion& diffusion =
      dynamic_cast<const SoftGenerator&>(model.generator()).diffusion();
  const Tensor x = batch(soft_images(), 0, 1, Range::unit);
  const Times t = {0.4};
  const Denoiser h = model.evaluated(), h_7 = model.evaluated_as(7);
  EXPECT_NE(h(x, t).to_host(), h_7(x, t).to_host());
  const Tensor guided = score_of(diffusion, classifier_free(h, h_7, 3))(x, t);
  const Tensor expected =
      classifier_free(score_of(diffusion, h), score_of(diffusion, h_7), 3)(x, t);
  // Some tens of roundings of a float; the score's terms are not much larger than itself.
  EXPECT_LT(sum_squares(guided - expected), 1e-10 * sum_squares(expected));
  test::expect_error([&] { model.evaluated_as(10); }, {"no class 10"});
}

TEST(SoftTraining, WhatDoesNotGoTogetherIsExplained) {
  test::expect_error(
      [] {
        Trainer(soft_run({{"objective", {{"type", "denoising"}}}}), soft_images());
      },
      {"belong together"});
  test::expect_error(
      [] {
        Trainer(soft_run({{"sde", {{"corruption", "fog"}}}}), soft_images());
      },
      {"fog"});
  const TrainingConfig config = soft_run(json::object());
  test::expect_error([&] { make_generator(config, nn::TensorMap())->sde(); }, {"prior's shape"});
  test::expect_error([&] { make_generator(config, soft_images())->sde(); }, {"has no SDE"});
}

}  // namespace
}  // namespace ito
