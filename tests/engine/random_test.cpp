// Random tensors and the host-side draws: addresses, bounds, distributions, messages.

#include "engine/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "kernels/philox.h"
#include "tests/errors.h"

namespace ito {
namespace {

using test::error_of;

TEST(Random, AddressIsTheKey) {
  const kernels::RandomKey key = RandomStream{5, Purpose::dropout, 6, 7, 8}.key();
  EXPECT_EQ(key.seed, 5u);
  EXPECT_EQ(key.purpose, 5u);  // the sixth purpose
  EXPECT_EQ(key.step, 6u);
  EXPECT_EQ(key.sub, 7u);
}

TEST(Random, PurposesKeepTheirNumbers) {
  EXPECT_EQ(static_cast<int>(Purpose::order), 0);
  EXPECT_EQ(static_cast<int>(Purpose::noise), 4);
  EXPECT_EQ(static_cast<int>(Purpose::prior), 6);
  EXPECT_EQ(static_cast<int>(Purpose::accept), 12);
}

TEST(Random, AnImageDependsOnItsAddressOnly) {
  const RandomStream all{3, Purpose::noise, 9, 0, 0};
  RandomStream last = all;
  last.first_image = 6;
  for (const auto draw : {random_normal, random_uniform, random_rademacher}) {
    const std::vector<Real> batch = draw({7, 5, 5, 3}, all, Device::cpu).to_host();
    const std::vector<Real> alone = draw({1, 75}, last, Device::cpu).to_host();
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), batch.end() - 75));
  }
}

TEST(Random, DropoutIsAFunctionOfTheUniformNumbers) {
  const RandomStream stream{3, Purpose::dropout, 9, 2, 5};
  for (const Shape& shape : {Shape{7, 5, 5, 3}, Shape{2, 3000}, Shape{3, 1}}) {
    const Tensor x = random_normal(shape, {.seed = 1});
    const std::vector<Real> u = random_uniform(shape, stream).to_host(), from = x.to_host();
    const std::vector<Real> y = dropout(x, 0.25, stream).to_host();
    const auto scale = static_cast<Real>(1 / 0.75);
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_EQ(y[i], u[i] < Real(0.25) ? 0 : from[i] * scale) << shape << " element " << i;
    }
  }
}

// Dropout is linear, so its gradient is dropout of the cotangent at the same address; zeros of
// either sign, kept and dropped, are no exception.
TEST(Random, DropoutsGradientDropsTheSame) {
  const RandomStream stream{3, Purpose::dropout, 9, 2, 5};
  for (const Shape& shape : {Shape{7, 5, 5, 3}, Shape{2, 3000}, Shape{3, 1}}) {
    std::vector<Real> values = random_normal(shape, {.seed = 1}).to_host();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i % 3 < 2) values[i] = i % 3 == 0 ? Real(0) : -Real(0);
    }
    Tensor x(shape, values);
    x.require_grad();
    Tensor g = random_normal(shape, {.seed = 2});
    g.require_grad();
    const Tensor dx = grad({dropout(x, 0.25, stream)}, {x}, {g}, {.create_graph = true})[0];
    EXPECT_EQ(dx.to_host(), dropout(g, 0.25, stream).to_host()) << shape;
    const Tensor h = random_normal(shape, {.seed = 3});
    EXPECT_EQ(grad({dx}, {g}, {h})[0].to_host(), dropout(h, 0.25, stream).to_host()) << shape;
  }
}

TEST(Random, ShapesAndDistributions) {
  const RandomStream stream{4, Purpose::prior};
  EXPECT_EQ(random_normal({2, 3, 4}, stream).shape(), Shape({2, 3, 4}));
  EXPECT_EQ(random_normal({0, 3}, stream).elements(), 0);
  EXPECT_EQ(random_normal({3, 0}, stream).elements(), 0);
  for (Real v : random_uniform({50, 50}, stream).to_host()) {
    EXPECT_GT(v, 0);
    EXPECT_LT(v, 1);
  }
  for (Real v : random_rademacher({50, 50}, stream).to_host()) EXPECT_EQ(std::fabs(v), 1);
}

TEST(Random, UniformPerImage) {
  RandomStream stream{11, Purpose::time, 2};
  const std::vector<double> u = uniform_per_image(10000, stream);
  double sum = 0;
  for (double v : u) {
    ASSERT_GT(v, 0);
    ASSERT_LT(v, 1);
    sum += v;
  }
  // standard error of the mean 1/sqrt(12 n); four of them
  EXPECT_NEAR(sum / 10000, 0.5, 4 / std::sqrt(12.0 * 10000));
  stream.first_image = 9000;
  const std::vector<double> tail = uniform_per_image(1000, stream);
  EXPECT_TRUE(std::equal(tail.begin(), tail.end(), u.begin() + 9000));
  const kernels::Words words = kernels::random_words(stream.key(), 9000, 0);
  EXPECT_EQ(tail[0], (words.w[0] + 0.5) * std::ldexp(1.0, -32));
}

TEST(Random, IntegersAreEvenWithinTheirBound) {
  const RandomStream stream{12, Purpose::time};
  const Index n = 100000, bound = 10;
  std::vector<double> count(10, 0);
  for (Index k : integer_per_image(n, bound, stream)) {
    ASSERT_GE(k, 0);
    ASSERT_LT(k, bound);
    count[static_cast<std::size_t>(k)] += 1;
  }
  // each count is binomial: four standard errors
  for (double c : count) EXPECT_NEAR(c, 10000, 4 * std::sqrt(100000 * 0.1 * 0.9));
  for (Index k : integer_per_image(50, 1, stream)) EXPECT_EQ(k, 0);
  const std::vector<Index> whole = integer_per_image(3, Index{1} << 32, stream);
  for (Index i = 0; i < 3; ++i) {
    const auto image = static_cast<std::uint32_t>(i);
    const kernels::Words words = kernels::random_words(stream.key(), image, 0);
    EXPECT_EQ(whole[static_cast<std::size_t>(i)], words.w[0]);
  }
}

TEST(Random, PermutationHoldsEveryIndexOnce) {
  for (Index n : {0, 1, 2, 1500}) {
    std::vector<Index> p = permutation(n, {13, Purpose::order, 1});
    std::vector<Index> expected(static_cast<std::size_t>(n));
    std::iota(expected.begin(), expected.end(), Index{0});
    if (n > 2) {
      EXPECT_NE(p, expected);
      EXPECT_NE(p, permutation(n, {13, Purpose::order, 2}));
      EXPECT_EQ(p, permutation(n, {13, Purpose::order, 1}));
    }
    std::sort(p.begin(), p.end());
    EXPECT_EQ(p, expected);
  }
}

// All 24 orders of four things, 240 expected of each: chi-square has 23 degrees of freedom, mean
// 23 and variance 46; four standard errors.
TEST(Random, PermutationsAreEquallyLikely) {
  std::vector<double> count(256, 0);
  for (std::uint32_t epoch = 0; epoch < 5760; ++epoch) {
    std::size_t code = 0;
    for (Index k : permutation(4, {14, Purpose::order, epoch}))
      code = code * 4 + static_cast<std::size_t>(k);
    count[code] += 1;
  }
  double chi2 = 0;
  int seen = 0;
  for (double c : count) {
    if (c == 0) continue;
    ++seen;
    chi2 += (c - 240) * (c - 240) / 240;
  }
  EXPECT_EQ(seen, 24);
  EXPECT_NEAR(chi2, 23, 4 * std::sqrt(46.0));
}

TEST(Random, RefusesWhatHasNoAddress) {
  EXPECT_EQ(error_of([] { random_normal({}, {}); }),
            "[random_normal] expected a shape [N, ...], got a scalar's");
  EXPECT_EQ(error_of([] {
              RandomStream{0, Purpose::noise, 0, 65536}.key();
            }),
            "[random] expected sub below 65536, got 65536");
  EXPECT_EQ(error_of([] { integer_per_image(1, 0, {}); }),
            "[integer_per_image] expected a bound in 1...2^32, got 0");
  EXPECT_EQ(error_of([] {
              uniform_per_image(2, {0, Purpose::time, 0, 0, (Index{1} << 32) - 1});
            }),
            "[uniform_per_image] expected images within 0...2^32, got 2 from 4294967295");
}

}  // namespace
}  // namespace ito
