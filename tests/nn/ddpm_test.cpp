// The DDPM U-Net as an object: sizes, names, start, configuration, errors.

#include "nn/networks/ddpm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/ops.h"
#include "nn/networks/ddpm_diffusers.h"
#include "nn/networks/ddpm_published.h"
#include "reference.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

nn::DdpmConfig tiny_ddpm() {
  return {.image_size = 8,
          .channels = 2,
          .width = 8,
          .multipliers = {1, 2},
          .blocks = 1,
          .attention = {4},
          .dropout = 0,
          .groups = {.max = 4}};
}

/// Parameters of the pieces, counted by their definitions.
Index conv_size(Index in, Index out) { return 9 * in * out + out; }
Index linear_size(Index in, Index out) { return in * out + out; }
Index residual_size(Index in, Index out, Index temb) {
  return 2 * in + conv_size(in, out) + linear_size(temb, out) + 2 * out + conv_size(out, out) +
         (in == out ? 0 : linear_size(in, out));
}
Index attention_size(Index c) { return 2 * c + 4 * linear_size(c, c); }

TEST(Ddpm, CountsItsParameters) {
  const Index t = 32;
  const Index expected = linear_size(8, t) + linear_size(t, t) + conv_size(2, 8) +  // time, first
                         residual_size(8, 8, t) + conv_size(8, 8) +           // level 0, halving
                         residual_size(8, 16, t) + attention_size(16) +       // level 1
                         2 * residual_size(16, 16, t) + attention_size(16) +  // middle
                         residual_size(16 + 16, 16, t) + residual_size(16 + 8, 16, t) +
                         attention_size(16) + conv_size(16, 16) +  // level 1 up, doubling
                         residual_size(16 + 8, 8, t) + residual_size(8 + 8, 8, t) + Index{2} * 8 +
                         conv_size(8, 2);
  EXPECT_EQ(nn::parameter_count(nn::Ddpm(tiny_ddpm())), expected);
}

TEST(Ddpm, IsThePublishedSizeForCifar10) {
  // "35.7 million parameters" (Ho et al. 2020, appendix B) with attention after each of the three
  // blocks of a level on the way up; the network of Song et al. (2021) has it there only once.
  const Index count = nn::parameter_count(nn::Ddpm({})) + 2 * attention_size(256);
  EXPECT_NEAR(static_cast<double>(count), 35.7e6, 0.05e6);
}

TEST(Ddpm, NamesArePathsAndUnique) {
  const nn::Ddpm network(tiny_ddpm());
  std::set<std::string> names;
  for (const nn::Parameter& p : network.parameters()) names.insert(p.name);
  EXPECT_EQ(names.size(), network.parameters().size());
  for (const char* name : {"time.linear_0.weight", "first.bias", "down.0.block.0.conv_0.weight",
                           "down.0.downsample.conv.weight", "down.1.block.0.shortcut.weight",
                           "down.1.attention.0.query.weight", "middle.block_0.norm_1.bias",
                           "middle.attention.out.bias", "up.1.block.1.time.weight",
                           "up.1.attention.norm.weight", "up.1.upsample.conv.bias",
                           "up.0.block.0.shortcut.bias", "last_norm.weight", "last_conv.weight"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(Ddpm, EveryParameterHasOnePublishedName) {
  for (const bool with_conv : {false, true}) {
    for (const Index blocks : {1, 3}) {
      nn::DdpmConfig config = tiny_ddpm();
      config.multipliers = {2, 1, 2};
      config.attention = {8, 2};
      config.blocks = blocks;
      config.resample_with_conv = with_conv;
      const nn::Ddpm network(config);
      std::set<std::string> ours, published;
      for (const nn::PublishedName& row : nn::ddpm_published_names(config)) {
        ours.insert(row.ours);
        published.insert(row.published);
      }
      EXPECT_EQ(published.size(), ours.size());
      EXPECT_EQ(ours.size(), network.state().size());
      for (const nn::Parameter& p : network.state()) EXPECT_TRUE(ours.contains(p.name)) << p.name;
    }
  }
}

TEST(Ddpm, StartsByVarianceScalingFromItsSeed) {
  nn::Ddpm a(tiny_ddpm()), b(tiny_ddpm());
  nn::initialise(a, 3);
  nn::initialise(b, 3);
  EXPECT_EQ(nn::values(a).at("first.weight").to_host(), nn::values(b).at("first.weight").to_host());
  nn::initialise(b, 4);
  EXPECT_NE(nn::values(a).at("first.weight").to_host(), nn::values(b).at("first.weight").to_host());

  const nn::TensorMap values = nn::values(a);
  EXPECT_EQ(largest(values.at("first.bias")), 0);
  EXPECT_EQ(values.at("last_norm.weight").to_host(), std::vector<Real>(8, Real(1)));
  // Uniform in +-sqrt(3 / fan_avg): the largest of the 1024 lies within 2 % of the bound but for a
  // chance of 0.98^1024 = 1e-9.
  const double limit = std::sqrt(3.0 / 32);
  EXPECT_LE(largest(values.at("time.linear_1.weight")), limit);
  EXPECT_GE(largest(values.at("time.linear_1.weight")), 0.98 * limit);
  const double reduced = std::sqrt(3 * 0.1 / 16);
  EXPECT_LE(largest(values.at("middle.attention.query.weight")), reduced);
  EXPECT_GE(largest(values.at("middle.attention.query.weight")), 0.9 * reduced);
  for (const char* last :
       {"middle.block_0.conv_1.weight", "middle.attention.out.weight", "last_conv.weight"}) {
    EXPECT_LE(largest(values.at(last)), std::sqrt(3 * 1e-10)) << last;
    EXPECT_GT(largest(values.at(last)), 0) << last;
  }
}

TEST(Ddpm, ConfigurationGoesThroughJson) {
  nn::DdpmConfig config = tiny_ddpm();
  config.activation = nn::Activation::elu;
  config.groups = {.rule = nn::Groups::Rule::quarter, .max = 2};
  config.scale_by_sigma = true;
  config.num_scales = 10;
  const nlohmann::json json = config;
  EXPECT_EQ(nlohmann::json(json.get<nn::DdpmConfig>()), json);
  EXPECT_EQ(nlohmann::json::object().get<nn::DdpmConfig>().width, 128);
}

/// One attention more at each of the levels that have it and `blocks` = 1; its checkpoints are
/// those of diffusers.
TEST(Ddpm, AttentionAfterEveryBlockOnTheWayUp) {
  nn::DdpmConfig config = tiny_ddpm();
  const Index once = parameter_count(nn::Ddpm(config));
  config.attention_each_up = true;
  const nn::Ddpm network(config);
  EXPECT_EQ(parameter_count(network), once + attention_size(16));
  const nlohmann::json json = config;
  EXPECT_TRUE(json.get<nn::DdpmConfig>().attention_each_up);
  EXPECT_EQ(nn::ddpm_diffusers_names(config).size(), network.state().size());
  expect_error([&] { nn::ddpm_published_names(config); }, {"attention after every block"});
  config.attention_each_up = false;
  expect_error([&] { nn::ddpm_diffusers_names(config); }, {"attention after every block"});
}

TEST(Ddpm, ConfigurationErrorsNameTheKey) {
  const auto reading = [](const char* json) {
    return error_of([=] { nlohmann::json::parse(json).get<nn::DdpmConfig>(); });
  };
  EXPECT_NE(reading(R"({"widht": 3})").find("unknown key \"widht\""), std::string::npos);
  EXPECT_NE(reading(R"({"width": "x"})").find("\"width\": expected a whole number, got \"x\""),
            std::string::npos);
  EXPECT_NE(reading(R"({"width": 32.5})").find("\"width\""), std::string::npos);
  EXPECT_NE(reading(R"({"multipliers": [1, "a"]})").find("\"multipliers\""), std::string::npos);
  EXPECT_NE(reading(R"({"activation": "tanh"})").find("expected swish"), std::string::npos);
  EXPECT_NE(reading(R"({"group_rule": "half"})").find("fixed or quarter"), std::string::npos);
  EXPECT_NE(reading("[1]").find("expected a JSON object"), std::string::npos);
}

TEST(Ddpm, ImpossibleConfigurationsAreRefused) {
  const auto building = [](auto change) {
    nn::DdpmConfig config = tiny_ddpm();
    change(config);
    return error_of([&] { const nn::Ddpm network(config); });
  };
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(building([](auto& c) { c.image_size = 7, c.attention = {}; }),
         "\"image_size\": expected a multiple of 2^1 for 2 levels, got 7");
  expect(building([](auto& c) { c.attention = {16}; }), "no level has resolution 16");
  expect(building([](auto& c) { c.groups.max = 5; }), "divides 8 channels, got 5");
  expect(building([](auto& c) { c.multipliers = {}; }), "\"multipliers");
  expect(building([](auto& c) { c.multipliers = {1, 0}; }), "\"multipliers");
  expect(building([](auto& c) { c.blocks = 0; }), "\"blocks\": expected at least 1, got 0");
  expect(building([](auto& c) { c.channels = -1; }), "\"channels\"");
  expect(building([](auto& c) { c.dropout = 1; }), "\"dropout\"");
  expect(building([](auto& c) { c.scale_by_sigma = true, c.sigma_min = 0; }), "sigma_min");
}

TEST(Ddpm, InputsThatDoNotFitAreRefused) {
  nn::DdpmConfig config = tiny_ddpm();
  config.scale_by_sigma = true;
  config.num_scales = 10;
  const nn::Ddpm network(config);
  const auto expect = [&](const Shape& shape, const std::vector<double>& labels, const char* part) {
    const std::string message = error_of([&] { network.forward(Tensor::zeros(shape), labels); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect({1, 8, 8, 3}, {1}, "expected images [N, 8, 8, 2], got [1, 8, 8, 3]");
  expect({1, 4, 4, 2}, {1}, "expected images");
  expect({8, 8, 2}, {1}, "expected images");
  expect({2, 8, 8, 2}, {1}, "one label per image, 2, got 1");
  expect({1, 8, 8, 2}, {10}, "expected labels in [0, 10), got 10");
  expect({1, 8, 8, 2}, {-1}, "expected labels in [0, 10), got -1");
  expect({1, 8, 8, 2}, {std::nan("")}, "expected finite labels");
}

}  // namespace
}  // namespace ito::test
