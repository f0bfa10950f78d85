// The DDPM U-Net against published numbers: outputs, gradients of the input and of every parameter.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "engine/ops.h"
#include "nn/networks/ddpm.h"
#include "nn/networks/ddpm_published.h"
#include "reference.h"
#include "tests/convolution_mode.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

// The recorded floor of a file is the largest difference that evaluating in double instead of float
// makes. In double our difference is that error alone, up to the rounding of the inputs' path; in
// float our own rounding comes on top. A wrong eps in the norms exceeds 13 floors.
constexpr double floors = std::is_same_v<Real, float> ? 8 : 5;
// Relative to the largest gradient in the file; another summation order was seen to make 8e-6.
constexpr double gradient_tolerance = 3e-5;

/// [sum g, sum g^2, sum g sin(i + 1)], what is stored of a large gradient g.
std::array<double, 3> fingerprint(const Tensor& g) {
  std::array<double, 3> sums = {};
  double i = 0;
  for (const Real value : g.to_host()) {
    const double v = value;
    sums[0] += v;
    sums[1] += v * v;
    sums[2] += v * std::sin(++i);
  }
  return sums;
}

/// Where the gradient is zero in exact arithmetic (a shift that a following norm removes) both
/// sides hold rounding noise only; then it must be below the tolerance on both.
void expect_fingerprint(const std::string& name, const Tensor& g, const std::vector<Real>& stored,
                        double absolute) {
  SCOPED_TRACE(name);
  const std::array<double, 3> ours = fingerprint(g);
  const auto n = static_cast<double>(g.elements());
  if (std::sqrt(stored[1] / n) < absolute) {
    EXPECT_LE(std::sqrt(ours[1] / n), absolute);
    return;
  }
  const double scale = std::sqrt(n * stored[1]);
  EXPECT_NEAR(ours[0] / scale, stored[0] / scale, 1e-4);
  EXPECT_NEAR(ours[1] / stored[1], 1, 1e-4);
  EXPECT_NEAR(ours[2] / scale, stored[2] / scale, 1e-4);
}

/// The network of a file at the file's input, gradients by our names.
Evaluation evaluate_file(const SafeTensors& file) {
  const SafeTensors parameters = reference("net_ddpm");
  const auto config = nn::ddpm_config_from_published(nlohmann::json::parse(file.meta("config")));
  nn::Ddpm network(config);
  nn::load_published(network, nn::ddpm_published_names(config), with_prefix(parameters, "param."),
                     nn::Extra::ignore);
  const std::vector<Real>& t = file.at("in.t").values;
  const std::vector<double> labels(t.begin(), t.end());
  return evaluate(network, {images(file, "in.x")}, images(file, "in.cotangent"),
                  [&](const auto& in) { return network.forward(in[0], labels); });
}

void expect_network(const std::string& name) {
  const WithConvolutionMode exact(kernels::ConvolutionMode::exact);
  const SafeTensors file = reference(name);
  const Evaluation ours = evaluate_file(file);
  const nn::NameTable table = nn::ddpm_published_names(
      nn::ddpm_config_from_published(nlohmann::json::parse(file.meta("config"))));

  EXPECT_LE(difference(ours.y, images(file, "out.y")),
            floors * std::stod(file.meta("fp32_vs_fp64_maxabs_y")));
  EXPECT_LE(difference(ours.inputs[0], images(file, "grad.x")),
            floors * std::stod(file.meta("fp32_vs_fp64_maxabs_gradx")));

  const nn::TensorMap gradients = nn::to_published(ours.parameters, table);
  const nn::TensorMap stored = with_prefix(file, "grad.param.");
  const nn::TensorMap fingerprints = with_prefix(file, "gradfp.param.");
  const double absolute = gradient_tolerance * largest(stored);
  EXPECT_EQ(stored.size() + fingerprints.size(), gradients.size());
  for (const auto& [key, tensor] : stored) {
    EXPECT_LE(difference(gradients.at(key), tensor), absolute) << key;
  }
  for (const auto& [key, tensor] : fingerprints) {
    expect_fingerprint(key, gradients.at(key), tensor.to_host(), absolute);
  }
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
    const Evaluation ours = evaluate_file(file);
    EXPECT_LE(relative_error(ours.y, images(file, "out.y")), 1e-4);
    EXPECT_LE(relative_error(ours.inputs[0], images(file, "grad.x")), 1e-4);
    const WithConvolutionMode exact(kernels::ConvolutionMode::exact);
    const Evaluation direct = evaluate_file(file);
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
