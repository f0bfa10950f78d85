// Float against double: the values and gradients of every operation case, as the double build
// computes them, are kept in tests/data/op_values.safetensors. The double build checks that the
// file is what it computes, the float build that it comes close. To write the file anew:
// ITO_WRITE_OP_VALUES=tests/data/op_values.safetensors
//   build-double/tests/ito_test_engine --gtest_filter=OpValues.*

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/autograd.h"
#include "engine/safetensors.h"
#include "tests/engine/op_cases.h"

namespace ito::test {
namespace {

// The file holds doubles. The double build differs from them only by the order of libm's last bits.
// In float each result is a chain of up to about 60 terms of size 1 to 10 with rounding 6e-8 each,
// and inputs are rounded too: 2e-5 of the largest value is that bound, and far below any wrong
// term.
constexpr double tolerance = sizeof(Real) == 8 ? 1e-12 : 2e-5;

/// Value and gradients of <f(x), c> by name.
SafeTensors computed_values() {
  SafeTensors all;
  for (const OpCase& op : op_cases()) {
    std::vector<Tensor> x = case_inputs(op);
    for (Tensor& input : x) input.require_grad();
    const Tensor y = op.f(x);
    const RandomStream stream{.seed = case_seed(op.name), .purpose = Purpose::probe};
    const Tensor c = random_normal({1, y.elements()}, stream).with_shape(y.shape());
    all.add(op.name + ".value", y.detach());
    const std::vector<Tensor> gradients = grad({y}, x, {c});
    for (std::size_t i = 0; i < x.size(); ++i) {
      all.add(text(op.name, ".grad.", i), gradients[i]);
    }
  }
  return all;
}

TEST(OpValues, AgreeWithTheDoubleBuild) {
  const SafeTensors computed = computed_values();
  if (const char* path = std::getenv("ITO_WRITE_OP_VALUES"); path != nullptr) {
    ASSERT_EQ(sizeof(Real), 8u) << "the double build writes this file";
    write_safetensors(path, computed, Overwrite::yes);
  }
  const SafeTensors expected = read_safetensors(ITO_TEST_DATA "/op_values.safetensors");
  ASSERT_EQ(computed.tensors.size(), expected.tensors.size());
  for (const auto& [name, tensor] : computed.tensors) {
    const std::vector<Real>& values = expected.at(name).values;
    ASSERT_EQ(tensor.values.size(), values.size()) << name;
    double largest = 1, difference = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(values[i])));
      difference =
          std::max(difference, std::abs(static_cast<double>(values[i] - tensor.values[i])));
    }
    EXPECT_LE(difference, tolerance * largest) << name;
  }
}

}  // namespace
}  // namespace ito::test
