// NCSN++ as an object: every combination of its switches, sizes, configuration, errors.

#include "nn/networks/ncsnpp.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "engine/ops.h"
#include "nn/networks/ncsnpp_published.h"
#include "reference.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

nn::NcsnppConfig tiny_ncsnpp() {
  nn::NcsnppConfig config;
  config.image_size = 4;
  config.channels = 2;
  config.width = 8;
  config.multipliers = {1, 2};
  config.blocks = 1;
  config.attention = {2};
  config.dropout = 0;
  return config;
}

/// The switches of a number, one digit each.
nn::NcsnppConfig combination(int number) {
  const auto digit = [&](int base) {
    const int d = number % base;
    number /= base;
    return d;
  };
  nn::NcsnppConfig config = tiny_ncsnpp();
  config.block = digit(2) == 0 ? nn::BlockKind::ddpm : nn::BlockKind::biggan;
  config.progressive_input = static_cast<nn::Pyramid>(digit(3));
  config.progressive_output = static_cast<nn::Pyramid>(digit(3));
  config.combine = static_cast<nn::Combine>(digit(2));
  config.conditional = digit(2) == 0;
  config.embedding = static_cast<nn::TimeEmbedding::Kind>(digit(2));
  config.resample_with_conv = digit(2) == 0;
  config.fir = digit(2) == 0 ? std::vector<double>{1, 2, 1} : std::vector<double>{};
  return config;
}
constexpr int combinations = 2 * 3 * 3 * 2 * 2 * 2 * 2 * 2;

TEST(Ncsnpp, EveryParameterOfEveryCombinationHasOnePublishedName) {
  for (int i = 0; i < combinations; ++i) {
    const nn::NcsnppConfig config = combination(i);
    const nn::Ncsnpp network(config);
    std::set<std::string> ours, published;
    for (const nn::PublishedName& row : nn::ncsnpp_published_names(config)) {
      ours.insert(row.ours);
      published.insert(row.published);
    }
    ASSERT_EQ(published.size(), ours.size()) << nlohmann::json(config);
    ASSERT_EQ(ours.size(), network.state().size()) << nlohmann::json(config);
    for (const nn::Parameter& p : network.state()) ASSERT_TRUE(ours.contains(p.name)) << p.name;
  }
}

// The parameters are not zero: what was not used would not move the output, what was used twice
// would be found by the parity tests.
TEST(Ncsnpp, EveryCombinationUsesItsInputAndItsParameters) {
  const Tensor x = random_normal({1, 4, 4, 2}, {.seed = 3, .purpose = Purpose::noise});
  for (int i = 0; i < combinations; i += 5) {  // 5 has no factor in common with the switches
    nn::Ncsnpp network(combination(i));
    randomise(network, 5, 0.3);
    const Evaluation ours =
        evaluate(network, {x}, Tensor::full({1, 4, 4, 2}, 1),
                 [&](const auto& in) { return square(network.forward(in[0], {1.5})); });
    ASSERT_EQ(ours.y.shape(), x.shape());
    ASSERT_GT(largest(ours.inputs[0]), 0) << nlohmann::json(network.config());
    for (const auto& [name, gradient] : ours.parameters) {
      // Of a network without embedding, the label is unused. A key bias cancels in the softmax.
      if (name.ends_with("key.bias")) continue;
      ASSERT_GT(largest(gradient), 0) << name << " of " << nlohmann::json(network.config());
    }
  }
}

TEST(Ncsnpp, ConfigurationGoesThroughJson) {
  for (int i = 0; i < combinations; i += 7) {
    const nlohmann::json json = combination(i);
    EXPECT_EQ(nlohmann::json(json.get<nn::NcsnppConfig>()), json);
  }
}

TEST(Ncsnpp, ImpossibleConfigurationsAreRefused) {
  const auto building = [](auto change) {
    nn::NcsnppConfig config = tiny_ncsnpp();
    change(config);
    return error_of([&] { const nn::Ncsnpp network(config); });
  };
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(building([](auto& c) { c.attention = {16}; }),
         "\"attention\": no level has resolution 16");
  expect(building([](auto& c) {
           c.multipliers = {1, 1, 1, 1};
         }),
         "\"image_size\": expected a multiple of 2^3 for 4 levels, got 4");
  // A quarter of 10 channels is 2 groups, of 10 + 20 it is 7.
  expect(building([](auto& c) { c.width = 10; }), "divides 30 channels, got 7");
  expect(building([](auto& c) { c.fir = {1, -1}; }), "\"fir\": expected taps whose sum is not 0");
  expect(building([](auto& c) { c.blocks = 0; }), "\"blocks\": expected at least 1, got 0");
  expect(building([](auto& c) { c.dropout = 1; }), "\"dropout\"");
  expect(error_of([] { nlohmann::json::parse(R"({"progresive": 3})").get<nn::NcsnppConfig>(); }),
         "unknown key \"progresive\"");
  expect(error_of([] {
           nlohmann::json::parse(R"({"progressive_input": "input_skip"})").get<nn::NcsnppConfig>();
         }),
         "expected none, skip or residual");
}

TEST(Ncsnpp, InputsThatDoNotFitAreRefused) {
  const nn::Ncsnpp network(tiny_ncsnpp());
  const auto expect = [&](const Shape& shape, const std::vector<double>& labels, const char* part) {
    const std::string message = error_of([&] { network.forward(Tensor::zeros(shape), labels); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect({1, 4, 4, 3}, {1}, "expected images [N, 4, 4, 2], got [1, 4, 4, 3]");
  expect({2, 4, 4, 2}, {1}, "one label per image, 2, got 1");
  expect({1, 4, 4, 2}, {0}, "expected noise levels above 0, got 0");
}

TEST(Ncsnpp, DropoutDiffersFromBlockToBlock) {
  nn::NcsnppConfig config = tiny_ncsnpp();
  config.dropout = 0.5;
  nn::Ncsnpp network(config);
  randomise(network, 5, 0.3);
  const Tensor x = random_normal({1, 4, 4, 2}, {.seed = 3, .purpose = Purpose::noise});
  const RandomStream one{.seed = 1, .purpose = Purpose::dropout},
      two{.seed = 2, .purpose = Purpose::dropout};
  const Tensor y = network.forward(x, {1}, &one);
  EXPECT_EQ(difference(network.forward(x, {1}, &one), y), 0);
  EXPECT_GT(difference(network.forward(x, {1}, &two), y), 0);
  EXPECT_GT(difference(network.forward(x, {1}), y), 0);
}

}  // namespace
}  // namespace ito::test
