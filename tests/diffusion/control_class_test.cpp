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

/// Without a classifier, from the exact scores of the mixture and of a component: the scale 1 is
/// the component itself, scale 1 + w is (1 + w) s_c - w s, and any scale is that of the exact
/// classifier (Bayes' rule).
TEST(ClassifierFree, IsTheScoreOfTheComponent) {
  const GaussianMixture mixture = test::three_modes();
  const Tensor x = random_normal({40, 2}, {1});
  const Times t(40, 0.3);
  const double rounding = classes_in_double ? 1e-24 : 1e-9;
  const VpSde vp;
  const VeSde ve(0.01, 10);
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &ve}) {
    const Score s = mixture.score(*sde), s_c = component(mixture, 2).score(*sde);
    EXPECT_EQ(classifier_free(s, s_c, 1)(x, t).to_host(), s_c(x, t).to_host());
    EXPECT_EQ(classifier_free(s, s_c, 0)(x, t).to_host(), s(x, t).to_host());
    for (const double w : {-0.5, 1.0, 3.0}) {
      const Tensor guided = classifier_free(s, s_c, 1 + w)(x, t);
      const Tensor published = s_c(x, t) * (1 + w) - s(x, t) * w;
      const Tensor classified = class_guided(s, mixture.class_logits(*sde), 2, 1 + w)(x, t);
      EXPECT_LT(sum_squares(guided - published) / sum_squares(published), rounding);
      EXPECT_LT(sum_squares(guided - classified) / sum_squares(guided), rounding);
    }
  }
}

/// Between N(a, S) and N(b, S): p_a^(1 - u) p_b^u is N((1 - u) a + u b, S) but for a constant.
TEST(ClassifierFree, BetweenTwoClassesIsTheirGeometricMean) {
  const auto gaussian = [](double u) {
    return GaussianMixture::diagonal({1}, {{1 + 2 * u, -3 * u}}, {{0.5, 2}});
  };
  const VpSde sde;
  const Tensor x = random_normal({40, 2}, {1});
  const Times t(40, 0.2);
  const GaussianMixture a = gaussian(0), b = gaussian(1);
  for (const double u : {0.0, 0.3, 1.0}) {
    const GaussianMixture mean = gaussian(u);
    const Tensor exact = mean.score(sde)(x, t);
    const Tensor difference = between(a.score(sde), b.score(sde), u)(x, t) - exact;
    EXPECT_LT(sum_squares(difference) / sum_squares(exact), classes_in_double ? 1e-24 : 1e-11);
  }
}

/// The third mode, by the flow of the guided score: 5 statistics within 4 standard errors.
TEST(ClassGuidance, SamplersDrawTheClassWithoutAClassifier) {
  const GaussianMixture mixture = test::three_modes();
  const VpSde sde;
  const Score guided = classifier_free(mixture.score(sde), component(mixture, 1).score(sde), 1);
  SamplingConfig config;
  config.steps = 400;
  EXPECT_LT(
      worst_of_component(
          draw_samples(sde, guided, {2}, config, {.seed = 3, .count = 1000, .batch = 1000}).x),
      4);
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

/// 4 steps and 5 more are 9 steps, to the bit; a training of other settings is refused.
TEST(Classifier, ResumesBitForBit) {
  const ImageSet train = digits_split().train;
  const ClassifierTraining settings = {.batch = 8, .seed = 2, .ema = 0.9};
  NoisyClassifier whole(tiny_classifier()), parts(tiny_classifier());
  ClassifierTrainer at_once(whole, train, settings);
  for (int k = 0; k < 9; ++k) at_once.step();
  SafeTensors saved;
  {
    NoisyClassifier first(tiny_classifier());
    ClassifierTrainer trainer(first, train, settings);
    for (int k = 0; k < 4; ++k) trainer.step();
    saved = trainer.state();
  }
  ClassifierTrainer resumed(parts, train, settings);
  resumed.restore(saved);
  EXPECT_EQ(resumed.steps_done(), 4);
  for (int k = 0; k < 5; ++k) resumed.step();
  at_once.finish();
  resumed.finish();
  const SafeTensors expected = whole.contents(), got = parts.contents();
  for (const auto& [name, tensor] : expected.tensors) EXPECT_EQ(got.at(name).values, tensor.values);

  ClassifierTrainer other(parts, train, {.batch = 9, .seed = 2, .ema = 0.9});
  test::expect_error([&] { other.restore(saved); }, {"batches of 8", "batches of 9"});
  test::expect_error([&] { other.restore(whole.contents()); }, {"ito train-classifier leaves"});
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
