// The DDPM U-Net against published numbers: outputs, gradients of the input and of every parameter.

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/networks/ddpm.h"
#include "nn/networks/ddpm_published.h"
#include "published_network.h"
#include "tests/convolution_mode.h"
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

/// |a - b| / |b| over all elements.
double relative_error(const Tensor& a, const Tensor& b) {
  const std::vector<Real> x = a.to_host(), y = b.to_host();
  double error = 0, length = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double d = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    error += d * d;
    length += static_cast<double>(y[i]) * static_cast<double>(y[i]);
  }
  return std::sqrt(error / length);
}

// What is promised of a whole network with fast convolutions: a relative L2 error of 1e-4.
TEST(DdpmReference, NetworkWithFastConvolutions) {
  const WithConvolutionMode fast(kernels::ConvolutionMode::fast);
  for (const char* name : {"net_ddpm", "net_ddpm_sigma"}) {
    SCOPED_TRACE(name);
    const SafeTensors file = reference(name);
    const auto config = nn::ddpm_config_from_published(nlohmann::json::parse(file.meta("config")));
    const nn::NameTable table = nn::ddpm_published_names(config);
    nn::Ddpm network(config);
    const Evaluation ours = evaluate_published(file, network, table);
    EXPECT_LE(relative_error(ours.y, images(file, "out.y")), 1e-4);
    EXPECT_LE(relative_error(ours.inputs[0], images(file, "grad.x")), 1e-4);
    const WithConvolutionMode exact(kernels::ConvolutionMode::exact);
    const Evaluation direct = evaluate_published(file, network, table);
    EXPECT_NE(difference(ours.y, direct.y), 0) << "the modes do not differ";
    for (const auto& [key, gradient] : direct.parameters) {
      if (largest(gradient) < gradient_tolerance * largest(direct.parameters)) continue;
      EXPECT_LE(relative_error(ours.parameters.at(key), gradient), 1e-4) << key;
    }
  }
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
