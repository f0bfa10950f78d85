// What Adam and EMA promise beside their formulas: states that can be restored, scopes, errors.

#include <gtest/gtest.h>

#include <limits>

#include "engine/ops.h"
#include "nn/adam.h"
#include "nn/ema.h"
#include "nn/layers/linear.h"
#include "reference.h"

namespace ito::test {
namespace {

std::vector<Tensor> gradients_like(const nn::Module& module, double value) {
  std::vector<Tensor> out;
  for (const nn::Parameter& p : module.parameters()) {
    out.push_back(Tensor::full(p.value->shape(), value));
  }
  return out;
}

void expect_same(const nn::Module& a, const nn::Module& b) {
  for (const auto& [name, value] : nn::values(a)) {
    EXPECT_EQ(value.to_host(), nn::values(b).at(name).to_host()) << name;
  }
}

TEST(Adam, GoesOnFromARestoredStateToTheBit) {
  nn::Linear straight(3, 2), resumed(3, 2);
  nn::initialise(straight, 1);
  nn::Adam adam(straight.parameters(), {.learning_rate = 0.1, .warmup = 3});
  for (const double g : {0.5, -1.0, 2.0}) adam.step(gradients_like(straight, g));

  nn::load(resumed, nn::values(straight));
  nn::Adam again(resumed.parameters(), {.learning_rate = 0.1, .warmup = 3});
  again.restore(adam.state());
  for (const double g : {0.25, 1.5}) {
    adam.step(gradients_like(straight, g));
    again.step(gradients_like(resumed, g));
  }
  expect_same(straight, resumed);
  EXPECT_EQ(again.state().step, 5);
}

TEST(Adam, ARestoredStateIsACopy) {
  nn::Linear layer(3, 2);
  nn::Adam adam(layer.parameters(), {});
  const nn::Adam::State& before = adam.state();
  nn::Adam other(layer.parameters(), {});
  other.restore(before);
  other.step(gradients_like(layer, 1));
  EXPECT_EQ(largest(adam.state().first[0]), 0);
}

TEST(Adam, RefusesAGradientThatIsNotFiniteAndChangesNothing) {
  nn::Linear layer(3, 2);
  nn::initialise(layer, 1);
  const std::vector<Real> before = layer.parameters()[0].value->to_host();
  nn::Adam adam(layer.parameters(), {.warmup = 0});
  EXPECT_THROW(adam.step(gradients_like(layer, std::numeric_limits<double>::quiet_NaN())), Error);
  EXPECT_THROW(adam.step(gradients_like(layer, std::numeric_limits<double>::infinity())), Error);
  EXPECT_EQ(layer.parameters()[0].value->to_host(), before);
  EXPECT_EQ(adam.state().step, 0);
  EXPECT_EQ(largest(adam.state().first[0]), 0);
}

TEST(Adam, RefusesWhatDoesNotFit) {
  nn::Linear layer(3, 2), other(2, 2);
  EXPECT_THROW(nn::Adam(layer.parameters(), {.learning_rate = -1}), Error);
  EXPECT_THROW(nn::Adam(layer.parameters(), {.beta2 = 1}), Error);
  nn::Adam adam(layer.parameters(), {});
  EXPECT_THROW(adam.step({Tensor::zeros({3, 2})}), Error);
  EXPECT_THROW(adam.step({Tensor::zeros({3, 2}), Tensor()}), Error);
  EXPECT_THROW(adam.restore(nn::Adam(other.parameters(), {}).state()), Error);
}

TEST(Ema, ScopeSwapsTheAveragesInAndOut) {
  nn::Linear layer(3, 2);
  nn::initialise(layer, 1);
  nn::Ema ema(layer.parameters(), 0.5);
  Tensor& weight = *layer.parameters()[0].value;
  const std::vector<Real> start = weight.to_host();
  weight.assign(Tensor::full({3, 2}, 1));
  {
    const nn::EmaScope scope(ema);
    EXPECT_EQ(weight.to_host(), start);
    EXPECT_TRUE(weight.requires_grad());
    EXPECT_THROW(ema.update(), Error);
    EXPECT_THROW(nn::EmaScope nested(ema), Error);
    EXPECT_EQ(weight.to_host(), start);
  }
  EXPECT_EQ(weight.to_host(), std::vector<Real>(6, Real(1)));
  EXPECT_NO_THROW(ema.update());
}

TEST(Ema, RestoresItsStateAndRefusesAnother) {
  nn::Linear layer(3, 2), other(2, 2);
  nn::Ema ema(layer.parameters(), 0.5);
  ema.restore(7, {Tensor::full({3, 2}, 3), Tensor::full({2}, 4)});
  EXPECT_EQ(ema.updates(), 7);
  EXPECT_EQ(ema.averages()[1].to_host(), std::vector<Real>(2, Real(4)));
  EXPECT_THROW(ema.restore(7, nn::Ema(other.parameters(), 0.5).averages()), Error);
  EXPECT_THROW(nn::Ema(layer.parameters(), 1.5), Error);
}

}  // namespace
}  // namespace ito::test
