// The trainer: the order of data, parts of batches, held-out loss, divergence, checkpoints.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "diffusion/data/digits.h"
#include "diffusion/training/checkpoint.h"
#include "diffusion/training/run_folder.h"
#include "diffusion/training/trained_model.h"
#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/pool.h"
#include "nn/layers/class_embedding.h"
#include "tests/errors.h"
#include "tests/small_training.h"

namespace ito {
namespace {

using nlohmann::json;

TrainingConfig tiny() { return small_training(6); }

/// 20 images, so that a few steps cross an epoch.
const ImageSet& few() {
  static const ImageSet set = [] {
    std::vector<Index> rows(20);
    std::iota(rows.begin(), rows.end(), Index{0});
    return subset(digits(), rows);
  }();
  return set;
}

std::vector<Real> parameters_of(Trainer& trainer) {
  std::vector<Real> out;
  for (const nn::Parameter& p : trainer.adam().parameters()) {
    const auto values = p.value->to_host();
    out.insert(out.end(), values.begin(), values.end());
  }
  return out;
}

/// Two classes of 4 x 4 images, white (1) and black (-1). In pure noise a network sees the images
/// (x + std^2 s) / m, at t = 0.5: the same ones, on average, if it does not tell the classes apart,
/// and after 300 steps brighter for the one than for the other by nearly half of what they differ
/// by, with those of no class between.
TEST(Trainer, LearnsTheClassesThatItIsTold) {
  ImageSet set;
  set.count = 2;
  set.item = {4, 4, 1};
  set.pixels.assign(16, 0);
  set.pixels.resize(32, 255);
  set.labels = {1, 0};
  const json model = {{"image_size", 4},        {"channels", 1}, {"width", 8},
                      {"multipliers", {1}},     {"blocks", 1},   {"attention", json::array()},
                      {"dropout", 0},           {"classes", 2},  {"label_dropout", 0.2},
                      {"group_rule", "quarter"}};
  const TrainingConfig config =
      config_from_json({{"model", model},
                        {"optimiser", {{"learning_rate", 4e-3}, {"warmup", 10}}},
                        {"batch", {{"size", 16}}}});
  Trainer trainer(config, set);
  for (int k = 0; k < 300; ++k) trainer.step();
  const auto sde = make_sde(config.sde);
  const double t = 0.5, m = sde->mean_scale(t), std = sde->std(t);
  const Tensor x = random_normal({32, 4, 4, 1}, {.seed = 8}) * std;
  const auto seen = [&](const nn::ScoreNetwork& network) {
    const Tensor score = network_score(network, *sde)(x, Times(32, t));
    return mean((x + score * (std * std)) / m).item();
  };
  const auto told = [&](Index label) {
    return seen(nn::ToldNetwork(trainer.network(), nn::one_hot({label}, 2)));
  };
  const double white = told(0), black = told(1), untold = seen(trainer.network());
  EXPECT_GT(white - black, 0.8) << white << ", " << black;
  EXPECT_GT(white, untold);
  EXPECT_LT(black, untold);

  set.labels = {1, 2};
  test::expect_error([&] { Trainer(config, set); }, {"largest label is 2", "classes 0 to 1"});
  set.labels.clear();
  test::expect_error([&] { Trainer(config, set); }, {"no labels"});
}

#ifndef ITO_SANITIZE
TEST(Trainer, AsksForNoMemoryInTheSteadyState) {
  Trainer trainer(tiny(), few());
  for (int i = 0; i < 2; ++i) trainer.step();
  const std::uint64_t before = memory_use(Device::cpu).allocations;
  for (int i = 0; i < 5; ++i) trainer.step();
  EXPECT_EQ(memory_use(Device::cpu).allocations, before);
}

TEST(Trainer, ScoreEvaluationsAskForNoMemoryInTheSteadyState) {
  Trainer trainer(tiny(), few());
  const NoGrad no_grad;
  const Tensor x = Tensor::zeros({6, 8, 8, 1});
  const std::vector<double> labels(6, 500);
  trainer.network().forward(x, labels);
  const std::uint64_t before = memory_use(Device::cpu).allocations;
  for (int i = 0; i < 5; ++i) trainer.network().forward(x, labels);
  EXPECT_EQ(memory_use(Device::cpu).allocations, before);
}
#endif

/// A folder that is gone at the end of the test.
class Folder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "ito_test_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string path_;
};
using CheckpointTest = Folder;
using RunFolderTest = Folder;

TEST(DataOrder, EveryEpochIsAnotherPermutation) {
  DataOrder order(20, 3);
  const auto rows = order.rows(0, 40);
  std::vector<Index> first(rows.begin(), rows.begin() + 20), second(rows.begin() + 20, rows.end());
  EXPECT_NE(first, second);
  for (auto* epoch : {&first, &second}) {
    std::ranges::sort(*epoch);
    for (Index i = 0; i < 20; ++i) EXPECT_EQ((*epoch)[static_cast<std::size_t>(i)], i);
  }
}

TEST(DataOrder, DoesNotDependOnHowItIsAsked) {
  const auto whole = DataOrder(20, 3).rows(0, 60);
  DataOrder order(20, 3);
  for (const Index first : {37, 0, 19, 53}) {
    const auto part = order.rows(first, 7);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + first)) << first;
  }
  EXPECT_NE(DataOrder(20, 4).rows(0, 60), whole);
}

TEST(DataOrder, FlipsAreFairAndAddressedByImage) {
  const auto flips = draw_flips(10000, {.seed = 1, .step = 2, .first_image = 0});
  const double heads = static_cast<double>(std::ranges::count(flips, 1));
  EXPECT_NEAR(heads, 5000, 4 * 50);  // 4 standard deviations of a fair coin
  const auto later = draw_flips(100, {.seed = 1, .step = 2, .first_image = 300});
  EXPECT_TRUE(std::equal(later.begin(), later.end(), flips.begin() + 300));
}

TEST(Trainer, PartsOfABatchDifferByRoundingOnly) {
  TrainingConfig whole = tiny(), parts = tiny();
  parts.batch.accumulate = 4;  // parts of 1, 2, 1 and 2 images
  Trainer a(whole, few()), b(parts, few());
  const StepReport x = a.step(), y = b.step();
  // One pass from equal parameters: sums of some hundred terms in another order.
  const double rounding = 1000 * static_cast<double>(std::numeric_limits<Real>::epsilon());
  EXPECT_NEAR(x.loss, y.loss, rounding * x.loss);
  EXPECT_NEAR(x.gradient_norm, y.gradient_norm, rounding * x.gradient_norm);
}

TEST(Trainer, RecomputingBlocksDiffersByRoundingOnlyAndNeedsLessMemory) {
  TrainingConfig kept = tiny(), again = tiny();
  std::get<nn::DdpmConfig>(kept.model).dropout = std::get<nn::DdpmConfig>(again.model).dropout =
      0.3;
  again.batch.recompute = true;
  std::size_t peak[2];
  StepReport report[2];
  for (int i = 0; i < 2; ++i) {
    Trainer trainer(i == 0 ? kept : again, few());
    const std::size_t before = memory_use(Device::cpu).current;
    reset_peak_memory(Device::cpu);
    report[i] = trainer.step();
    peak[i] = memory_use(Device::cpu).peak - before;
  }
  const double rounding = 1000 * static_cast<double>(std::numeric_limits<Real>::epsilon());
  EXPECT_EQ(report[0].loss, report[1].loss);  // forwards is the same
  EXPECT_NEAR(report[0].gradient_norm, report[1].gradient_norm, rounding * report[0].gradient_norm);
  EXPECT_LT(static_cast<double>(peak[1]), 0.8 * static_cast<double>(peak[0]));
}

TEST(Trainer, TwoTrainersStayTheSame) {
  Trainer a(tiny(), few()), b(tiny(), few());
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(a.step().loss, b.step().loss);
  }
  EXPECT_EQ(parameters_of(a), parameters_of(b));
}

TEST(Trainer, HeldOutLossIsFixedAndChangesNothing) {
  Trainer trainer(tiny(), few());
  trainer.step();
  const auto before = parameters_of(trainer);
  const double loss = trainer.held_out_loss(few(), 9);
  EXPECT_TRUE(std::isfinite(loss));
  EXPECT_EQ(trainer.held_out_loss(few(), 9), loss);
  EXPECT_EQ(parameters_of(trainer), before);
  EXPECT_TRUE(std::isnan(trainer.held_out_loss(ImageSet{}, 9)));
}

TEST(Trainer, ANewNetworkPredictsNothing) {
  // The last layer starts at nearly zero, so the loss is the mean of z^2 over 20 x 64 draws: 1 with
  // standard deviation sqrt(2 / 1280) = 0.04.
  Trainer trainer(tiny(), few());
  EXPECT_NEAR(trainer.held_out_loss(few(), 20), 1, 4 * 0.04);
}

TEST(Trainer, DivergenceLeavesTheStateOfTheStepBefore) {
  TrainingConfig config = tiny();
  config.optimiser.learning_rate = sizeof(Real) == 4 ? 1e30 : 1e300;
  config.optimiser.warmup = 0;
  Trainer trainer(config, few());
  std::vector<Real> before;
  const auto steps_until_divergence = [&] {
    for (int k = 0; k < 50; ++k) {
      before = parameters_of(trainer);
      trainer.step();
    }
  };
  EXPECT_THROW(steps_until_divergence(), Diverged);
  EXPECT_EQ(parameters_of(trainer), before);
  try {
    trainer.step();
    FAIL() << "the step went well the second time";
  } catch (const Diverged& e) {
    EXPECT_NE(std::string(e.what()).find(text("in step ", trainer.steps_done() + 1)),
              std::string::npos);
  }
}

TEST_F(CheckpointTest, GoesOnBitForBit) {
  Trainer whole(tiny(), few());
  for (int i = 0; i < 5; ++i) whole.step();
  {
    Trainer first(tiny(), few());
    for (int i = 0; i < 2; ++i) first.step();
    write_checkpoint(file("a"), first, Overwrite::no);
  }
  Trainer second(tiny(), few());
  restore(second, read_checkpoint(file("a")));
  EXPECT_EQ(second.steps_done(), 2);
  for (int i = 0; i < 3; ++i) second.step();
  write_checkpoint(file("resumed"), second, Overwrite::no);
  write_checkpoint(file("whole"), whole, Overwrite::no);
  EXPECT_EQ(read_file(file("resumed")), read_file(file("whole")));
}

/// The message of restoring into a trainer of this configuration.
std::string restore_error(const TrainingConfig& config, const ImageSet& images,
                          const Checkpoint& checkpoint) {
  Trainer trainer(config, images);
  const auto before = parameters_of(trainer);
  try {
    restore(trainer, checkpoint);
  } catch (const Error& e) {
    EXPECT_EQ(parameters_of(trainer), before);
    return e.what();
  }
  return "";
}

TEST_F(CheckpointTest, RefusesAnotherRun) {
  Trainer trainer(tiny(), few());
  trainer.step();
  write_checkpoint(file("a"), trainer, Overwrite::no);
  const Checkpoint checkpoint = read_checkpoint(file("a"));
  EXPECT_EQ(restore_error(tiny(), few(), checkpoint), "");

  TrainingConfig wide = tiny();
  std::get<nn::DdpmConfig>(wide.model).width = 16;
  const std::string shapes = restore_error(wide, few(), checkpoint);
  EXPECT_NE(shapes.find("first.weight: expected [3, 3, 1, 16], got [3, 3, 1, 8]"),
            std::string::npos)
      << shapes;

  TrainingConfig slow = tiny();
  slow.optimiser.learning_rate = 0.5;
  EXPECT_NE(
      restore_error(slow, few(), checkpoint).find("optimiser/learning_rate was 0.001, is 0.5"),
      std::string::npos);

  ImageSet changed = few();
  changed.pixels[77] ^= 1;
  EXPECT_NE(restore_error(tiny(), changed, checkpoint).find("are others"), std::string::npos);
}

TEST_F(CheckpointTest, AModelHasTheWeightsAskedFor) {
  Trainer trainer(tiny(), few());
  for (int i = 0; i < 3; ++i) trainer.step();
  write_checkpoint(file("a"), trainer, Overwrite::no);
  const Checkpoint checkpoint = read_checkpoint(file("a"));
  const TrainedModel raw(checkpoint, Weights::raw), averaged(checkpoint, Weights::averaged);
  const auto& parameters = trainer.adam().parameters();
  const auto raw_values = nn::values(raw.network()), ema_values = nn::values(averaged.network());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_EQ(raw_values.at(parameters[i].name).to_host(), parameters[i].value->to_host());
    EXPECT_EQ(ema_values.at(parameters[i].name).to_host(), trainer.ema().averages()[i].to_host());
  }
}

TEST_F(CheckpointTest, RefusesFilesOfOthers) {
  SafeTensors file_of_others;
  file_of_others.add("x", Tensor::zeros({2}));
  write_safetensors(file("other"), file_of_others, Overwrite::no);
  EXPECT_THROW(read_checkpoint(file("other")), Error);
  file_of_others.metadata = {{"format", "ito checkpoint 1"}, {"step", "12x"}};
  EXPECT_THROW(to_checkpoint(file_of_others), Error);
  file_of_others.metadata["step"] = "12";
  file_of_others.metadata["config"] = "{";
  file_of_others.metadata["data"] = "{}";
  EXPECT_THROW(to_checkpoint(file_of_others), Error);
}

TEST_F(RunFolderTest, ResumingCutsTheLogBack) {
  const RunFolder folder(file("run"));
  folder.check_new(Overwrite::no);
  folder.begin(json{{"seed", 1}});
  for (Index step = 1; step <= 4; ++step) folder.log(json{{"step", step}});
  append_line(folder.log_path(), R"({"step": 5, "lo)");
  folder.resume(json{{"seed", 1}}, 2);
  ASSERT_EQ(folder.read_log().size(), 2u);
  EXPECT_EQ(folder.read_log().back().at("step"), 2);
  EXPECT_EQ(folder.read_config(), json({{"seed", 1}}));
}

TEST_F(RunFolderTest, BeginsOnlyWhereNothingIsLost) {
  const RunFolder folder(file("run"));
  EXPECT_THROW(folder.check_resumable(), Error);
  folder.check_new(Overwrite::no);
  folder.begin(json::object());
  EXPECT_THROW(folder.check_new(Overwrite::no), Error);
  folder.check_new(Overwrite::yes);
  write_file(file("thesis.tex"), "years", Overwrite::no);
  EXPECT_THROW(RunFolder(path_).check_new(Overwrite::yes), Error);
}

}  // namespace
}  // namespace ito
