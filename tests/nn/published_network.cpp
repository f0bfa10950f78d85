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

/// The network at the file's input, gradients by our names.
Evaluation evaluate_file(const SafeTensors& file, nn::ScoreNetwork& network,
                         kernels::ConvolutionMode mode) {
  const WithConvolutionMode scope(mode);
  const std::vector<Real>& t = file.at("in.t").values;
  const std::vector<double> labels(t.begin(), t.end());
  return evaluate(network, {images(file, "in.x")}, images(file, "in.cotangent"),
                  [&](const auto& in) { return network.forward(in[0], labels); });
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

/// What is promised of a whole network with fast convolutions: a relative L2 error of 1e-4. (Of
/// gradients that are not rounding noise.)
void expect_close(const Evaluation& fast, const Evaluation& exact) {
  EXPECT_LE(relative_error(fast.y, exact.y), 1e-4);
  EXPECT_LE(relative_error(fast.inputs[0], exact.inputs[0]), 1e-4);
  EXPECT_NE(difference(fast.y, exact.y), 0) << "the modes do not differ";
  for (const auto& [key, gradient] : exact.parameters) {
    if (largest(gradient) < gradient_tolerance * largest(exact.parameters)) continue;
    EXPECT_LE(relative_error(fast.parameters.at(key), gradient), 1e-4) << key;
  }
}

}  // namespace

void expect_published(const std::string& name, nn::ScoreNetwork& network,
                      const nn::NameTable& table) {
  const SafeTensors file = reference(name);
  const std::string parameters_file = file.meta("params_file");
  const SafeTensors parameters = reference(parameters_file.substr(0, parameters_file.find('.')));
  nn::load_published(network, table, with_prefix(parameters, "param."), nn::Extra::ignore);

  const Evaluation ours = evaluate_file(file, network, kernels::ConvolutionMode::exact);
  EXPECT_LE(difference(ours.y, images(file, "out.y")),
            floors * std::stod(file.meta("fp32_vs_fp64_maxabs_y")));
  EXPECT_LE(difference(ours.inputs[0], images(file, "grad.x")),
            floors * std::stod(file.meta("fp32_vs_fp64_maxabs_gradx")));
  expect_gradients(file, nn::to_published(ours.parameters, table));
  expect_close(evaluate_file(file, network, kernels::ConvolutionMode::fast), ours);
}

}  // namespace ito::test
