// The table of operation cases in all its modes.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/check.h"
#include "kernels/kernels.h"
#include "kernels/threads.h"
#include "tests/engine/op_cases.h"

namespace ito::test {
namespace {

class Ops : public testing::TestWithParam<OpCase> {};

/// The value of a case and the gradients of its contraction with a random cotangent.
std::vector<std::vector<Real>> value_and_gradients(const OpCase& op) {
  std::vector<Tensor> x = case_inputs(op);
  for (Tensor& input : x) input.require_grad();
  const Tensor y = op.f(x);
  const RandomStream stream{.seed = case_seed(op.name), .purpose = Purpose::probe};
  const Tensor c = random_normal({1, y.elements()}, stream).with_shape(y.shape());
  std::vector<std::vector<Real>> all{y.to_host()};
  for (const Tensor& g : grad({y}, x, {c})) all.push_back(g.to_host());
  return all;
}

#ifdef ITO_DOUBLE
// A central difference with step 1e-5 is good to about 1e-10 for these functions of size 1, a few
// times worse where second derivatives are large (division, pow); 1e-7 is far below any wrong term.
TEST_P(Ops, GradientsOfFirstAndSecondOrder) {
  const OpCase& op = GetParam();
  const GradientErrors errors = check_gradients(op.f, case_inputs(op), case_seed(op.name));
  EXPECT_LT(errors.first, 1e-7);
  EXPECT_LT(errors.second, 1e-7);
  EXPECT_LT(errors.fused, 1e-12);
}
#endif

TEST_P(Ops, SameBitsForAnyNumberOfThreads) {
  const int before = kernels::threads();
  kernels::set_threads(1);
  const auto expected = value_and_gradients(GetParam());
  for (const int threads : {2, 3}) {
    kernels::set_threads(threads);
    EXPECT_EQ(value_and_gradients(GetParam()), expected) << threads << " threads";
  }
  kernels::set_threads(before);
}

// Levels with fused multiply-add give the same bits; the baseline has none and is only close.
TEST_P(Ops, SameBitsForEverySimdLevelWithFma) {
  int count = 0;
  const char* const* names = kernels::simd_levels(&count);
  const std::string chosen = kernels::simd_level();
  const auto expected = value_and_gradients(GetParam());
  for (int i = 1; i < count; ++i) {
    kernels::set_simd_level(names[i]);
    EXPECT_EQ(value_and_gradients(GetParam()), expected) << names[i];
  }
  kernels::set_simd_level(chosen.c_str());
}

TEST_P(Ops, SameBitsAloneAndInABatch) {
  const OpCase& op = GetParam();
  if (!op.per_image) return;
  const std::vector<Tensor> x = case_inputs(op);
  const Tensor together = op.f(x);
  if (op.name == "dropout") return;  // its mask is addressed by the image: tests/engine/random_test
  for (Index n = 0; n < x[0].size(0); ++n) {
    std::vector<Tensor> alone = x;
    alone[0] = slice(x[0], 0, n, n + 1);
    EXPECT_EQ(op.f(alone).to_host(), slice(together, 0, n, n + 1).to_host()) << "image " << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Ops, testing::ValuesIn(op_cases()),
                         [](const testing::TestParamInfo<OpCase>& row) {
                           std::string name = row.param.name;
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace ito::test
