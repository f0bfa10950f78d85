// NCSN and NCSNv2 against published numbers, and their configurations.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "nn/networks/ncsn.h"
#include "nn/networks/ncsn_published.h"
#include "published_network.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

nn::NcsnConfig ncsn_config_of(const std::string& name) {
  return nn::ncsn_config_from_published(nlohmann::json::parse(reference(name).meta("config")));
}

void expect_ncsn(const std::string& name) {
  const nn::NcsnConfig config = ncsn_config_of(name);
  nn::Ncsn network(config);
  expect_published(name, network, nn::ncsn_published_names(config));
}

TEST(NcsnReference, Ncsn) { expect_ncsn("net_ncsn"); }

TEST(NcsnReference, Ncsnv2) { expect_ncsn("net_ncsnv2"); }

TEST(NcsnReference, LoadingNamesWhatDiffers) {
  nn::NcsnConfig config = ncsn_config_of("net_ncsn");
  config.num_scales = 4;
  nn::Ncsn network(config);
  const nn::TensorMap published = with_prefix(reference("net_ncsn"), "param.");
  expect_error([&] { nn::load_published(network, nn::ncsn_published_names(config), published); },
               {"res1.0.normalize1.embed.weight: expected [4, 18], got [10, 18]", "more"});
}

TEST(Ncsn, EveryParameterOfEveryVariantHasOnePublishedName) {
  for (const Index size : {32, 128, 256}) {
    nn::NcsnConfig config = nn::ncsnv2_defaults();
    config.image_size = size;
    config.width = 2;
    const nn::Ncsn network(config);
    std::set<std::string> ours, published;
    for (const nn::PublishedName& row : nn::ncsn_published_names(config)) {
      ours.insert(row.ours);
      published.insert(row.published);
    }
    EXPECT_EQ(published.size(), ours.size());
    EXPECT_EQ(ours.size(), network.state().size());
    for (const nn::Parameter& p : network.state()) EXPECT_TRUE(ours.contains(p.name)) << p.name;
    EXPECT_EQ(published.contains("res31.0.conv1.weight"), size == 256);
    EXPECT_EQ(published.contains("refine5.msf.convs.1.weight"), size > 32);
  }
}

TEST(Ncsn, GivesImagesOfItsSizeInEveryVariant) {
  for (const Index variant : {64, 128, 256}) {
    nn::NcsnConfig config = nn::ncsnv2_defaults();
    config.image_size = 16;
    config.variant = variant;
    config.width = 2;
    config.channels = 1;
    nn::Ncsn network(config);
    nn::initialise(network, 1);
    EXPECT_EQ(network.forward(Tensor::zeros({2, 16, 16, 1}), {0, 5}).shape(),
              (Shape{2, 16, 16, 1}));
  }
}

TEST(Ncsn, StartsAsPublished) {
  nn::NcsnConfig config;
  config.width = 16;
  nn::Ncsn network(config);
  nn::initialise(network, 1);
  const nn::TensorMap values = nn::values(network);
  // Uniform in +-1 / sqrt(fan_in): the largest of 2304 is within 1 % of the bound but for a chance
  // of 0.99^2304 = 1e-10.
  const double limit = 1 / std::sqrt(9.0 * 16);
  const Tensor& conv = values.at("stage.0.block.0.conv_1.weight");
  EXPECT_LE(largest(conv), limit);
  EXPECT_GE(largest(conv), 0.99 * limit);
  EXPECT_GT(largest(values.at("stage.0.block.0.conv_1.bias")), 0);
  // gamma, alpha ~ N(1, 0.02^2): 6 standard deviations; beta = 0.
  const std::vector<Real> table = values.at("last_norm.table").to_host();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double centre = i % 48 < 32 ? 1 : 0;
    EXPECT_NEAR(table[i], centre, centre * 0.12) << i;
  }
}

TEST(Ncsn, ConfigurationErrorsComeBeforeAnything) {
  const auto building = [](auto change) {
    nn::NcsnConfig config;
    change(config);
    return error_of([&] { const nn::Ncsn network(config); });
  };
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  using Version = nn::NcsnConfig::Version;
  expect(building([](auto& c) { c.image_size = 7; }), "\"image_size\": expected a multiple of 2^1");
  expect(building([](auto& c) { c.version = Version::ncsnv2, c.variant = 256, c.image_size = 12; }),
         "\"image_size\": expected a multiple of 2^3");
  expect(building([](auto& c) { c.variant = 128; }), "\"variant\": expected 64 (or 0), got 128");
  expect(building([](auto& c) { c.width = 1; }), "\"width\": expected at least 2, got 1");
  expect(building([](auto& c) { c.sigma_min = 2; }), "sigma_min");
  expect(error_of([] { nlohmann::json::parse(R"({"widht": 3})").get<nn::NcsnConfig>(); }),
         "unknown key \"widht\"");
}

TEST(Ncsn, InputsThatDoNotFitAreRefused) {
  nn::NcsnConfig config;
  config.image_size = 8;
  config.width = 2;
  const nn::Ncsn network(config);
  const auto expect = [&](const Shape& shape, const std::vector<double>& labels, const char* part) {
    const std::string message = error_of([&] { network.forward(Tensor::zeros(shape), labels); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect({1, 8, 8, 1}, {1}, "expected images [N, 8, 8, 3]");
  expect({2, 8, 8, 3}, {1}, "one label per image, 2, got 1");
  expect({1, 8, 8, 3}, {10}, "expected labels in [0, 10), got 10");
  expect({1, 8, 8, 3}, {std::nan("")}, "expected labels in [0, 10), got nan");
}

}  // namespace
}  // namespace ito::test
