#include "published_network.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <type_traits>

#include "tests/convolution_mode.h"

namespace ito::test {
namespace {

// The recorded floor of a file is the largest difference that evaluating in double instead of float
// makes. In double our difference is that error alone, up to the rounding of the inputs' path; in
// float our own rounding comes on top. A wrong eps in the norms exceeds 13 floors.
constexpr double floors = std::is_same_v<Real, float> ? 8 : 5;

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

void expect_gradients(const SafeTensors& file, const nn::TensorMap& gradients) {
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

}  // namespace

Evaluation evaluate_published(const SafeTensors& file, nn::ScoreNetwork& network,
                              const nn::NameTable& table) {
  const std::string parameters_file = file.meta("params_file");
  const SafeTensors parameters = reference(parameters_file.substr(0, parameters_file.find('.')));
  nn::load_published(network, table, with_prefix(parameters, "param."), nn::Extra::ignore);
  const std::vector<Real>& t = file.at("in.t").values;
  const std::vector<double> labels(t.begin(), t.end());
  return evaluate(network, {images(file, "in.x")}, images(file, "in.cotangent"),
                  [&](const auto& in) { return network.forward(in[0], labels); });
}

void expect_published(const std::string& name, nn::ScoreNetwork& network,
                      const nn::NameTable& table) {
  const WithConvolutionMode exact(kernels::ConvolutionMode::exact);
  const SafeTensors file = reference(name);
  const Evaluation ours = evaluate_published(file, network, table);
  EXPECT_LE(difference(ours.y, images(file, "out.y")),
            floors * std::stod(file.meta("fp32_vs_fp64_maxabs_y")));
  EXPECT_LE(difference(ours.inputs[0], images(file, "grad.x")),
            floors * std::stod(file.meta("fp32_vs_fp64_maxabs_gradx")));
  expect_gradients(file, nn::to_published(ours.parameters, table));
}

}  // namespace ito::test
