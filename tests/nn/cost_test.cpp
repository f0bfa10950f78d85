// Counting networks, and the named ones.

#include "nn/cost.h"

#include <gtest/gtest.h>

#include "nn/networks/ddpm.h"
#include "nn/networks/mlp.h"
#include "nn/networks/ncsn.h"
#include "nn/networks/ncsnpp.h"
#include "nn/networks/presets.h"
#include "reference.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

struct Make {
  std::unique_ptr<nn::ScoreNetwork> operator()(const nn::DdpmConfig& c) const {
    return std::make_unique<nn::Ddpm>(c);
  }
  std::unique_ptr<nn::ScoreNetwork> operator()(const nn::NcsnppConfig& c) const {
    return std::make_unique<nn::Ncsnpp>(c);
  }
  std::unique_ptr<nn::ScoreNetwork> operator()(const nn::NcsnConfig& c) const {
    return std::make_unique<nn::Ncsn>(c);
  }
};

nn::BlockCost cost_of(const std::string& name) {
  const auto& config = nn::network_preset(name).config;
  const Shape item = std::visit(
      [](const auto& c) {
        return Shape{c.image_size, c.image_size, c.channels};
      },
      config);
  return nn::total(nn::block_costs([&] { return std::visit(Make{}, config); }, item));
}

TEST(Cost, OfAnMlpIsThatOfItsMatrices) {
  const nn::Mlp network({.dimension = 3, .width = 8, .blocks = 2, .embedding_dim = 6});
  const std::vector<nn::BlockCost> costs = nn::block_costs(network, {3});
  ASSERT_EQ(costs.size(), 5U);
  EXPECT_EQ(costs[0].block, "time");
  EXPECT_EQ(costs[0].multiply_adds, 6 * 8 + 8 * 8);
  EXPECT_EQ(costs[0].parameters, 6 * 8 + 8 + 8 * 8 + 8);
  EXPECT_EQ(costs[1].block, "first");
  EXPECT_EQ(costs[1].multiply_adds, 3 * 8);
  EXPECT_EQ(costs[2].block, "block.0");
  EXPECT_EQ(costs[2].multiply_adds, 3 * 8 * 8);
  EXPECT_EQ(costs[4].block, "last");
  EXPECT_EQ(nn::total(costs).parameters, nn::parameter_count(network));
}

TEST(Cost, OfConvolutionsAndAttentionGoesByPixels) {
  const nn::Ddpm network({.image_size = 8,
                          .channels = 1,
                          .width = 4,
                          .multipliers = {1, 1},
                          .blocks = 1,
                          .attention = {4},
                          .groups = {.max = 2}});
  for (const nn::BlockCost& cost : nn::block_costs(network, {8, 8, 1})) {
    if (cost.block == "first") {
      EXPECT_EQ(cost.multiply_adds, 64 * 9 * 4);
    }
    // Two 3x3 convolutions of 4 channels on 64 pixels, and the time's projection from 16 features.
    if (cost.block == "down.0.block.0") {
      EXPECT_EQ(cost.multiply_adds, 2 * 64 * 9 * 16 + 16 * 4);
    }
    // Four 1x1 convolutions on 16 pixels, q k^T and the sum of v.
    if (cost.block == "down.1.attention.0") {
      EXPECT_EQ(cost.multiply_adds, 4 * 16 * 16 + 2 * 16 * 16 * 4);
    }
  }
}

TEST(Cost, CountingLeavesTheNetworkAsItWas) {
  nn::Mlp network(nn::MlpConfig{});
  nn::initialise(network, 1);
  const std::vector<Real> before = nn::values(network).at("first.weight").to_host();
  nn::block_costs(network, {2});
  EXPECT_EQ(nn::values(network).at("first.weight").to_host(), before);
  // The last layer starts almost at zero: uniform within sqrt(3 1e-10 / 65) for 128 features.
  const double y = largest(network.forward(Tensor::full({1, 2}, 1), {1}));
  EXPECT_GT(y, 0) << "kernels work again";
  EXPECT_LT(y, 1e-3);
}

// Published: NCSN++ continuous 62.8 M, and DDPM 35.7 M with two more attention blocks of 263,680 on
// the way up than the network of Song et al. (2021) has.
TEST(Presets, AreThePublishedSizes) {
  EXPECT_NEAR(static_cast<double>(cost_of("ncsnpp_cifar10_continuous").parameters), 62.8e6, 0.05e6);
  EXPECT_NEAR(static_cast<double>(cost_of("ddpm_cifar10").parameters + 2 * 263680), 35.7e6, 0.05e6);
}

TEST(Presets, AreAllNetworks) {
  for (const nn::NetworkPreset& preset : nn::network_presets()) {
    const nn::BlockCost cost = cost_of(preset.name);
    EXPECT_GT(cost.parameters, 20e6) << preset.name;
    EXPECT_GT(cost.multiply_adds, 5e9) << preset.name;
  }
  // Twice the blocks: the deep networks have less than twice the parameters.
  EXPECT_GT(cost_of("ncsnpp_cifar10_deep").parameters,
            1.5 * static_cast<double>(cost_of("ncsnpp_cifar10_continuous").parameters));
  expect_error([] { nn::network_preset("ncsnpp_cifar"); }, {"did you mean", "ncsnpp_cifar10"});
}

}  // namespace
}  // namespace ito::test
