// The DDPM U-Net against published numbers: outputs, gradients of the input and of every parameter.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "nn/networks/ddpm.h"
#include "nn/networks/ddpm_published.h"
#include "published_network.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

void expect_network(const std::string& name) {
  const auto config =
      nn::ddpm_config_from_published(nlohmann::json::parse(reference(name).meta("config")));
  nn::Ddpm network(config);
  expect_published(name, network, nn::ddpm_published_names(config));
}

TEST(DdpmReference, Network) { expect_network("net_ddpm"); }

TEST(DdpmReference, NetworkWithoutResamplingConvolutionsScaledBySigma) {
  expect_network("net_ddpm_sigma");
}

TEST(DdpmReference, PublishedNamesGoThereAndBack) {
  const SafeTensors file = reference("net_ddpm");
  const auto config = nn::ddpm_config_from_published(nlohmann::json::parse(file.meta("config")));
  nn::Ddpm network(config);
  const nn::NameTable table = nn::ddpm_published_names(config);
  const nn::TensorMap published = with_prefix(file, "param.");
  nn::load_published(network, table, published);
  const nn::TensorMap back = nn::to_published(nn::values(network), table);
  ASSERT_EQ(back.size(), published.size());
  for (const auto& [name, tensor] : published) {
    EXPECT_EQ(difference(back.at(name), tensor), 0) << name;
  }
}

TEST(DdpmReference, LoadingAnotherArchitectureListsTheDifferences) {
  const SafeTensors file = reference("net_ddpm");
  auto config = nn::ddpm_config_from_published(nlohmann::json::parse(file.meta("config")));
  config.channels = 1;
  nn::Ddpm network(config);
  nn::TensorMap published = with_prefix(file, "param.");
  published.erase("all_modules.0.bias");
  published.emplace("all_modules.99.weight", Tensor::zeros({3}));
  expect_error([&] { nn::load_published(network, nn::ddpm_published_names(config), published); },
               {"all_modules.0.bias: expected [128], missing",
                "all_modules.2.weight: expected [32, 1, 3, 3], got [32, 3, 3, 3]",
                "all_modules.99.weight: not expected, got [3]"});
  EXPECT_EQ(largest(*network.parameters().front().value), 0) << "something was written";
}

}  // namespace
}  // namespace ito::test
