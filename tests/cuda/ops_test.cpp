// The table of operation cases on the CUDA device against the CPU.

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "tests/cuda/device.h"
#include "tests/engine/op_cases.h"

namespace ito::test {
namespace {

class CudaOps : public OnDevice, public testing::WithParamInterface<OpCase> {};

/// The value of a case and the gradients of its contraction with a random cotangent.
std::vector<Tensor> results_on(Device device, const OpCase& op) {
  std::vector<Tensor> x;
  for (const Tensor& input : case_inputs(op)) {
    x.push_back(input.to(device));
    x.back().require_grad();
  }
  const Tensor y = op.f(x);
  EXPECT_EQ(y.device(), device);
  const RandomStream stream{.seed = case_seed(op.name), .purpose = Purpose::probe};
  const Tensor c = random_normal({1, y.elements()}, stream).to(device).with_shape(y.shape());
  std::vector<Tensor> all{y};
  for (const Tensor& g : grad({y}, x, {c})) all.push_back(g);
  return all;
}

/// The largest difference relative to the largest element: what a sum in another order may differ
/// by. At most a few hundred terms are summed, with errors that add up as the root of their number:
/// about 20 units of roundoff; fused and separate multiply-adds differ by no more.
constexpr double op_tolerance = sizeof(Real) == 4 ? 64 * 0x1p-24 : 64 * 0x1p-53;

void expect_equal(const Tensor& got, const Tensor& expected) {
  ASSERT_EQ(got.shape(), expected.shape());
  const std::vector<Real> a = got.to_host(), b = expected.to_host();
  double size = 1;
  for (const Real value : b) size = std::max(size, std::fabs(static_cast<double>(value)));
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_NEAR(a[i], b[i], op_tolerance * size) << "element " << i << " of " << a.size();
  }
}

TEST_P(CudaOps, ValueAndGradientsAreTheCpus) {
  const std::vector<Tensor> expected = results_on(Device::cpu, GetParam());
  const std::vector<Tensor> got = results_on(Device::cuda, GetParam());
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE(i == 0 ? "value" : "gradient " + std::to_string(i - 1));
    expect_equal(got[i], expected[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, CudaOps, testing::ValuesIn(op_cases()), [](const auto& parameter) {
  std::string name = parameter.param.name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace ito::test
