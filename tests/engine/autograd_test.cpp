// What the graph promises beside right gradients: order, pruning, memory, errors.

#include "engine/autograd.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops.h"
#include "engine/pool.h"
#include "tests/errors.h"

namespace ito {
namespace {

using test::expect_error;

// Products and sums of a few numbers of size 1 in the build's own precision.
constexpr double tolerance = sizeof(Real) == 8 ? 1e-13 : 2e-5;

Tensor leaf(double value) { return Tensor::scalar(value).require_grad(); }

TEST(Autograd, DerivativesOfAPowerToFifthOrder) {
  Tensor x = leaf(1.3);
  Tensor y = pow(x, 5);
  double expected = 1;
  for (int order = 1; order <= 5; ++order) {
    y = grad(y, {x}, {.create_graph = true})[0];
    expected *= 6 - order;
    const double value = expected * std::pow(1.3, 5 - order);
    EXPECT_NEAR(y.item(), value, tolerance * value) << "order " << order;
  }
}

TEST(Autograd, AnInputUsedTwiceGetsBothParts) {
  const Tensor x = leaf(0.7);
  const Tensor y = x * sin(x) + x;
  EXPECT_NEAR(grad(y, {x})[0].item(), std::sin(0.7) + 0.7 * std::cos(0.7) + 1, tolerance);
}

// Cotangents are added in place where nobody else has the first of them; here the caller has.
TEST(Autograd, CotangentsOfTheCallerStayAsTheyAre) {
  const Tensor x = leaf(0.7);
  const Tensor y = sin(x), g = Tensor::scalar(2), h = Tensor::scalar(3);
  const Tensor dx = grad({y, y, y}, {x}, {g, h, h}, {.retain_graph = true})[0];
  EXPECT_NEAR(dx.item(), 8 * std::cos(0.7), tolerance);
  EXPECT_EQ(g.item(), 2);
  EXPECT_EQ(h.item(), 3);
  const Tensor twice = grad({y, y}, {y}, {g, h})[0];
  EXPECT_EQ(twice.item(), 5);
  EXPECT_EQ(g.item(), 2);
}

TEST(Autograd, GradientsOfIntermediateResults) {
  const Tensor x = leaf(0.7);
  const Tensor h = exp(x);
  const Tensor y = h * h;
  const std::vector<Tensor> g = grad(y, {h, x});
  EXPECT_NEAR(g[0].item(), 2 * std::exp(0.7), 4 * tolerance);
  EXPECT_NEAR(g[1].item(), 2 * std::exp(1.4), 10 * tolerance);
}

TEST(Autograd, AnInputThatDoesNotMatterGetsZero) {
  const Tensor x = leaf(1), unused = leaf(2);
  EXPECT_EQ(grad(x * 3.0, {x, unused})[1].item(), 0);
}

TEST(Autograd, ALongChainNeitherRecursesNorLeaks) {
  const std::size_t before = memory_use(Device::cpu).current;
  {
    const Tensor x = leaf(1);
    Tensor y = x;
    for (int i = 0; i < 100000; ++i) y = y + 1e-5;
    EXPECT_EQ(grad(y, {x}, {.retain_graph = true})[0].item(), 1);
  }
  EXPECT_EQ(memory_use(Device::cpu).current, before);
}

TEST(Autograd, AGraphOfGradientsDoesNotLeak) {
  const std::size_t before = memory_use(Device::cpu).current;
  {
    const Tensor x = leaf(0.3);
    const Tensor y = tanh(exp(x)) * sigmoid(x);
    const Tensor g = grad(y, {x}, {.create_graph = true})[0];
    grad(g * g, {x}, {.create_graph = true});
  }
  EXPECT_EQ(memory_use(Device::cpu).current, before);
}

TEST(Autograd, WithoutRecordingMemoryReturnsAtOnce) {
  const NoGrad off;
  Tensor x = Tensor::full({1024}, 0.5).require_grad();
  reset_peak_memory(Device::cpu);
  const std::size_t before = memory_use(Device::cpu).current;
  for (int i = 0; i < 20; ++i) x = sin(x);
  EXPECT_LE(memory_use(Device::cpu).peak, before + 2 * (1024 * sizeof(Real)));
}

TEST(Autograd, BackwardFreesWhatItHasUsed) {
  Tensor x = Tensor::full({1024}, 0.5).require_grad();
  Tensor y = x;
  for (int i = 0; i < 10; ++i) y = sin(y);
  const Tensor total = sum(y);
  const std::size_t recorded = memory_use(Device::cpu).current;
  y = Tensor();
  const Tensor g = grad(total, {x})[0];
  EXPECT_LT(memory_use(Device::cpu).current, recorded - 8 * (1024 * sizeof(Real)));
}

TEST(Autograd, OnlyThePathToTheInputsIsVisited) {
  const Tensor x = leaf(2), w = leaf(3);
  int visits = 0;
  const Tensor probe = record("probe", w.detach(), {w}, [&](const Backward& b) {
    ++visits;
    return std::vector<Tensor>{b.g};
  });
  const Tensor y = x * probe;
  EXPECT_EQ(grad(y, {x}, {.retain_graph = true})[0].item(), 3);
  EXPECT_EQ(visits, 0);
  EXPECT_EQ(grad(y, {w})[0].item(), 2);
  EXPECT_EQ(visits, 1);
}

TEST(Autograd, AConsumedGraphSaysSo) {
  const Tensor x = leaf(2);
  const Tensor y = exp(x) * x;
  grad(y, {x});
  expect_error([&] { grad(y, {x}); }, {"already consumed"});
}

TEST(Autograd, AnOverwrittenInputIsNoticed) {
  Tensor x = leaf(2);
  const Tensor y = x * x;
  x.assign({Real(3)});
  expect_error([&] { grad(y, {x}); }, {"overwritten"});
}

TEST(Autograd, ErrorsNameWhatIsWrong) {
  const Tensor x = Tensor::zeros({2, 3}).require_grad();
  expect_error([&] { grad(x * 2.0, {x}); }, {"[2, 3]"});
  expect_error([&] { grad(sum(x), {Tensor::zeros({1})}); }, {"require_grad"});
  expect_error([&] { add(x, Tensor::zeros({4})); }, {"[2, 3] and [4]"});
  expect_error(
      [] {
        conv2d(Tensor::zeros({8, 28, 28, 1}), Tensor::zeros({3, 3, 3, 64}));
      },
      {"[conv2d] expected input [N, H, W, 3] for weight [3, 3, 3, 64], got "
       "[8, 28, 28, 1]"});
}

TEST(Autograd, ScopesNestAndRestore) {
  const Tensor x = leaf(1);
  {
    const NoGrad off;
    EXPECT_FALSE((x * 2.0).requires_grad());
    {
      const RecordingScope on(true);
      EXPECT_TRUE((x * 2.0).requires_grad());
    }
    EXPECT_FALSE((x * 2.0).requires_grad());
  }
  EXPECT_TRUE((x * 2.0).requires_grad());
}

// Recomputation gives the same derivatives, of both orders, with parameters that the block holds.
TEST(Autograd, CheckpointEqualsTheBlockItself) {
  const Tensor w = Tensor({2, 2}, {Real(0.5), Real(-1), Real(2), Real(0.25)}).require_grad();
  const auto block = [&](const std::vector<Tensor>& in) { return tanh(matmul(in[0], w)); };
  const auto second_order = [&](bool recompute) {
    const Tensor x = Tensor({1, 2}, {Real(0.3), Real(-0.6)}).require_grad();
    const Tensor h = square(x);
    const Tensor y = recompute ? checkpoint(block, {h, w}) : block({h, w});
    const std::vector<Tensor> first = grad(sum(square(y)), {x, w}, {.create_graph = true});
    std::vector<Tensor> all = grad(sum(square(first[0])) + sum(square(first[1])), {x, w});
    all.insert(all.end(), first.begin(), first.end());
    return all;
  };
  const std::vector<Tensor> direct = second_order(false), recomputed = second_order(true);
  for (std::size_t i = 0; i < direct.size(); ++i) {
    const std::vector<Real> a = direct[i].to_host(), b = recomputed[i].to_host();
    for (std::size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], b[k], 20 * tolerance);
  }
  // First order only, without recording: the same bits.
  const Tensor x = Tensor({1, 2}, {Real(0.3), Real(-0.6)}).require_grad();
  const Tensor h = square(x);
  const std::vector<Tensor> a = grad(sum(square(block({h, w}))), {x, w});
  const Tensor h2 = square(x);
  const std::vector<Tensor> b = grad(sum(square(checkpoint(block, {h2, w}))), {x, w});
  EXPECT_EQ(a[0].to_host(), b[0].to_host());
  EXPECT_EQ(a[1].to_host(), b[1].to_host());
}

}  // namespace
}  // namespace ito
