// Class-conditional sampling: with the exact classifier of a mixture the guided score is the score
// of one component, and samples are that component's. A trained classifier learns, and its gradient
// is the one that guides.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/control/class_guidance.h"
#include "diffusion/data/digits.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "diffusion/training/classifier_trainer.h"
#include "diffusion/training/sampling.h"
#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

constexpr bool classes_in_double = sizeof(Real) == 8;

GaussianMixture component(const GaussianMixture& mixture, std::size_t k) {
  return GaussianMixture({mixture.components()[k]});
}

/// s + grad log p(k | x) is the score of component k, at every time under every SDE.
TEST(ClassGuidance, IsTheScoreOfTheComponent) {
  const GaussianMixture mixture = test::three_modes();
  const VpSde vp;
  const SubVpSde subvp;
  const VeSde ve(0.01, 10);
  const Tensor x = random_normal({40, 2}, {1});
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &subvp, &ve}) {
    for (std::size_t k = 0; k < 3; ++k) {
      const Score guided =
          class_guided(mixture.score(*sde), mixture.class_logits(*sde), static_cast<Index>(k));
      for (const double t : {0.05, 0.3, 0.9}) {
        const Times times(40, t);
        const Tensor exact = component(mixture, k).score(*sde)(x, times);
        const Tensor difference = guided(x, times) - exact;
        EXPECT_LT(sum_squares(difference) / sum_squares(exact), classes_in_double ? 1e-24 : 1e-9);
      }
    }
  }
}

Tensor draw_class(const SamplingConfig& config, double scale, Index N) {
  const GaussianMixture mixture = test::three_modes();
  const VpSde sde;
  const Score guided = class_guided(mixture.score(sde), mixture.class_logits(sde), 1, scale);
  return draw_samples(sde, guided, {2}, config, {.seed = 3, .count = N, .batch = N}).x;
}

double worst_of_component(const Tensor& x) {
  std::vector<double> z = test::mixture_z_scores(x, component(test::three_modes(), 1));
  z.erase(z.end() - 2);  // the weight of the only mode
  return test::largest(z);
}

/// 6 statistics each, within 4 standard errors, by stochastic samplers and by the flow.
TEST(ClassGuidance, SamplersDrawTheClass) {
  SamplingConfig config;
  config.steps = 400;
  EXPECT_LT(worst_of_component(draw_class(config, 1, 1000)), 4);
  config.predictor = "ancestral";
  EXPECT_LT(worst_of_component(draw_class(config, 1, 1000)), 4);
  config.sampler = "ode";
  config.tolerance = 1e-4;
  EXPECT_LT(worst_of_component(draw_class(config, 1, 500)), 4);
}

/// Without guidance all modes are drawn, which the test above would notice.
TEST(ClassGuidance, ItsAbsenceIsNoticed) {
  SamplingConfig config;
  config.steps = 100;
  EXPECT_GT(worst_of_component(draw_class(config, 0, 300)), 8);
}

ClassifierConfig tiny_classifier() {
  ClassifierConfig config;
  config.model = {
      .image_size = 8, .channels = 1, .width = 8, .multiplier = 1, .blocks = 1, .embedding = 8};
  return config;
}

/// A tenth of the digits would be right by chance. After 150 steps 62 % of 297 are with little
/// noise (with a standard error of 3 %), and with much noise no more than by chance.
TEST(Classifier, LearnsAndForgetsWithTheNoise) {
  const Dataset digits = digits_split();
  NoisyClassifier classifier(tiny_classifier());
  ClassifierTrainer trainer(classifier, digits.train, {.batch = 32, .ema = 0.9});
  const double first = trainer.step();
  for (int k = 1; k < 150; ++k) trainer.step();
  const auto levels = trainer.accuracy(digits.held_out, 297, 10);
  ASSERT_EQ(levels.size(), 10U);
  EXPECT_NEAR(first, std::log(10), 0.7);  // 2.72 by this seed
  EXPECT_GT(levels.front().accuracy, 0.5);
  EXPECT_LT(levels.back().accuracy, 0.25);
  EXPECT_GT(levels.back().noise_level, 50);
}

/// What is written is what is read, and the gradient that guides is that of log p.
TEST(Classifier, RoundTripAndGradient) {
  NoisyClassifier classifier(tiny_classifier());
  const ImageSet train = digits_split().train;
  ClassifierTrainer trainer(classifier, train, {.batch = 16, .ema = 0.9});
  for (int k = 0; k < 20; ++k) trainer.step();
  trainer.finish();
  const NoisyClassifier read(classifier.contents());
  const Tensor x = random_normal({2, 8, 8, 1}, {5});
  const Times t = {0.2, 0.6};
  EXPECT_EQ(read.forward(x, t).to_host(), classifier.forward(x, t).to_host());
  if (!classes_in_double) return;  // differences of float say nothing

  const Score none = [](const Tensor& at, const Times&) { return Tensor::zeros(at.shape()); };
  const std::vector<Real> gradient = class_guided(none, read.logits(), 3)(x, t).to_host();
  const auto log_p = [&](std::size_t i, double by) {
    Tensor moved = x.clone();
    moved.mutable_data()[i] += static_cast<Real>(by);
    return static_cast<double>(log_softmax(read.forward(moved, t)).to_host()[i < 64 ? 3 : 13]);
  };
  for (const std::size_t i : {0, 9, 40, 77, 120})
    EXPECT_NEAR(gradient[i], (log_p(i, 1e-5) - log_p(i, -1e-5)) / 2e-5, 1e-7);
}

TEST(Classifier, ExplainsWhatDoesNotFit) {
  const NoisyClassifier classifier(tiny_classifier());
  const Shape item = {8, 8, 1};
  SdeConfig other;
  other.beta_max = 10;
  check_classifier(classifier, item, Range::centered, {});
  test::expect_error(
      [&] {
        check_classifier(classifier, {28, 28, 1}, Range::centered, {});
      },
      {"is for images [8, 8, 1]", "[28, 28, 1]"});
  test::expect_error([&] { check_classifier(classifier, item, Range::unit, {}); },
                     {"scaled as \"centered\"", "\"unit\""});
  test::expect_error([&] { check_classifier(classifier, item, Range::centered, other); },
                     {"under the SDE", "\"beta_max\":10"});
  test::expect_error([&] { NoisyClassifier{SafeTensors()}; }, {"not a classifier"});
  const VpSde sde;
  const GaussianMixture mixture = test::three_modes();
  const Score guided = class_guided(mixture.score(sde), mixture.class_logits(sde), 3);
  test::expect_error([&] { guided(Tensor::zeros({1, 2}), {0.5}); }, {"no class 3", "knows 0 to 2"});
  ImageSet unlabelled = digits_split().train;
  unlabelled.labels.clear();
  test::expect_error([&] { classes_of(unlabelled); }, {"no labels"});
}

}  // namespace
}  // namespace ito
