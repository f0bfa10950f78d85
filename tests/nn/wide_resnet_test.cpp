// The noise-conditional classifier.

#include "nn/networks/wide_resnet.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "reference.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

nn::WideResnetConfig tiny_wide_resnet() {
  nn::WideResnetConfig config;
  config.image_size = 8;
  config.channels = 2;
  config.classes = 3;
  config.width = 4;
  config.multiplier = 2;
  config.blocks = 2;
  config.embedding = 3;
  return config;
}

Tensor noise(const Shape& shape, std::uint64_t seed) {
  return random_normal(shape, {.seed = seed, .purpose = Purpose::noise});
}

TEST(WideResnet, IsTheWideResnet28_10) {
  // 36.5 million (Zagoruyko and Komodakis 2016), whose widening shortcuts are convolutions of 1x1;
  // and 128 frequencies, two layers of 512 features, and their projection in each of 12 blocks.
  const nn::WideResnet network(nn::WideResnetConfig{});
  const Index shortcuts = 16 * 160 + 160 * 320 + 320 * 640;
  const Index time = 256 * 512 + 512 + 512 * 512 + 512 + 4 * 513 * (160 + 320 + 640);
  const Index plain = nn::parameter_count(network) - time + shortcuts;
  EXPECT_NEAR(static_cast<double>(plain), 36.5e6, 0.05e6);
}

TEST(WideResnet, DoesNotSeeItsNeighbours) {
  nn::WideResnet network(tiny_wide_resnet());
  randomise(network, 1, 0.3);
  const Tensor x = noise({3, 8, 8, 2}, 2);
  const Tensor together = network.forward(x, {0.1, 1, 10});
  const Tensor alone = network.forward(slice(x, 0, 1, 2), {1});
  EXPECT_EQ(together.shape(), (Shape{3, 3}));
  EXPECT_EQ(difference(slice(together, 0, 1, 2), alone), 0);
}

TEST(WideResnet, KnowsTheNoiseLevelAndUsesEveryParameter) {
  nn::WideResnet network(tiny_wide_resnet());
  nn::initialise(network, 4);  // the frequencies
  randomise(network, 1, 0.3);
  const Tensor x = noise({2, 8, 8, 2}, 2);
  EXPECT_GT(difference(network.forward(x, {1, 1}), network.forward(x, {2, 2})), 0);
  const Evaluation ours = evaluate(network, {x}, noise({2, 3}, 5), [&](const auto& in) {
    return network.forward(in[0], {0.5, 3});
  });
  for (const auto& [name, gradient] : ours.parameters) EXPECT_GT(largest(gradient), 0) << name;
}

TEST(WideResnet, GradientIsTheSlope) {
  nn::WideResnet network(tiny_wide_resnet());
  nn::initialise(network, 4);
  randomise(network, 1, 0.3);
  const Tensor x = noise({1, 8, 8, 2}, 2), direction = noise({1, 8, 8, 2}, 3);
  const auto log_p = [&](const Tensor& at) {
    return slice(log_softmax(network.forward(at, {0.7})), 1, 1, 2);
  };
  Tensor leaf = x.clone();
  leaf.require_grad();
  const Tensor gradient = grad({log_p(leaf)}, {leaf}, {Tensor::full({1, 1}, 1)})[0];
  const double slope = sum(gradient * direction).item();
  // Central differences: on a piece without kinks their error is h^2 times the third derivative,
  // and rounding / h; in float 1e-6 / 1e-4 of values near 1.
  const bool is_float = sizeof(Real) == 4;
  const double h = is_float ? 1e-4 : 1e-6;
  const double difference = (log_p(x + direction * h) - log_p(x - direction * h)).item() / (2 * h);
  EXPECT_NEAR(slope, difference, (is_float ? 2e-2 : 1e-6) * std::max(1.0, std::abs(slope)));
}

TEST(WideResnet, ConfigurationGoesThroughJsonAndErrorsNameTheKey) {
  const nlohmann::json json = tiny_wide_resnet();
  EXPECT_EQ(nlohmann::json(json.get<nn::WideResnetConfig>()), json);
  const auto expect = [](auto change, const char* part) {
    nn::WideResnetConfig config = tiny_wide_resnet();
    change(config);
    const std::string message = error_of([&] { const nn::WideResnet network(config); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect([](auto& c) { c.image_size = 6; }, "\"image_size\": expected a multiple of 4, got 6");
  expect([](auto& c) { c.classes = 0; }, "\"classes\": expected at least 1, got 0");
  expect(
      [](auto& c) {
        c.width = 7, c.groups = {nn::Groups::Rule::fixed, 4};
      },
      "divides 7 channels");
  const nn::WideResnet network(tiny_wide_resnet());
  expect_error(
      [&] {
        network.forward(Tensor::zeros({1, 8, 8, 3}), {1});
      },
      {"expected images [N, 8, 8, 2], got [1, 8, 8, 3]"});
  expect_error(
      [&] {
        network.forward(Tensor::zeros({1, 8, 8, 2}), {-1});
      },
      {"expected noise levels above 0, got -1"});
}

}  // namespace
}  // namespace ito::test
