// The committed digit classifier: what its header states, and its formula.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "diffusion/data/digits.h"
#include "diffusion/metrics/digit_classifier.h"
#include "engine/ops.h"

namespace ito::test {
namespace {

using Doubles = std::vector<double>;

Tensor all_images(const ImageSet& set) { return batch(set, 0, set.count, Range::unit); }

Index count_right(const DigitClassifier& classifier, const ImageSet& set) {
  const std::vector<Real> p = classifier.classify(all_images(set)).to_host();
  Index right = 0;
  for (std::size_t i = 0; i < set.labels.size(); ++i) {
    const auto row = p.begin() + static_cast<std::ptrdiff_t>(10 * i);
    right += std::max_element(row, row + 10) - row == set.labels[i];
  }
  return right;
}

// The figures of the header's comment. Rounding would have to turn one of the 1,797 largest
// probabilities into the second largest to change them.
TEST(DigitClassifier, HasTheStatedAccuracy) {
  const DigitClassifier classifier = DigitClassifier::fixed();
  const Dataset digits = digits_split();
  EXPECT_EQ(count_right(classifier, digits.held_out), 294);
  EXPECT_EQ(count_right(classifier, digits.train), 1500);
}

/// Weights in the order in which the layers take them.
class Weights {
 public:
  double operator[](std::size_t i) const { return rest_[i] / 4096.0; }
  void drop(std::size_t count) { rest_ = rest_.subspan(count); }
  bool empty() const { return rest_.empty(); }

 private:
  std::span<const std::int16_t> rest_ = detail::digit_classifier_weights;
};

Doubles silu_of(Doubles x) {
  for (double& value : x) value /= 1 + std::exp(-value);
  return x;
}

/// x W + b.
Doubles dense(const Doubles& x, std::size_t out, Weights& weights) {
  Doubles y(out);
  for (std::size_t o = 0; o < out; ++o) {
    y[o] = weights[x.size() * out + o];
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += x[i] * weights[i * out + o];
  }
  weights.drop((x.size() + 1) * out);
  return y;
}

/// 3x3 convolution of x [8, 8, in] with zeros around and the given stride.
Doubles convolved(const Doubles& x, std::size_t in, std::size_t out, std::size_t stride,
                  Weights& weights) {
  const std::size_t side = 8 / stride;
  Doubles y(side * side * out);
  for (std::size_t at = 0; at < y.size(); ++at) {
    const std::size_t o = at % out, column = at / out % side, row = at / out / side;
    y[at] = weights[9 * in * out + o];
    for (std::size_t tap = 0; tap < 9 * in; ++tap) {
      const std::size_t c = tap % in;  // one more than the place in the image, so never negative:
      const std::size_t h = row * stride + tap / in / 3, w = column * stride + tap / in % 3;
      const bool inside = h >= 1 && h <= 8 && w >= 1 && w <= 8;
      if (inside) y[at] += x[((h - 1) * 8 + w - 1) * in + c] * weights[tap * out + o];
    }
  }
  weights.drop((9 * in + 1) * out);
  return y;
}

// The network written out in double. Float sums of up to 512 products of size 1, each rounded by
// 6e-8, are good to 3e-5.
TEST(DigitClassifier, IsTheStatedFormula) {
  const double tolerance = sizeof(Real) == 4 ? 3e-5 : 1e-12;
  const DigitClassifier classifier = DigitClassifier::fixed();
  const Tensor images = batch(digits(), 0, 5, Range::unit);
  const std::vector<Real> x = images.to_host();
  const std::vector<Real> features = classifier.features(images).to_host();
  const std::vector<Real> logits = classifier.logits(images).to_host();
  for (std::size_t n = 0; n < 5; ++n) {
    Weights weights;
    const auto pixels = x.begin() + static_cast<std::ptrdiff_t>(64 * n);
    const Doubles fine = silu_of(convolved(Doubles(pixels, pixels + 64), 1, 16, 1, weights));
    const Doubles f = silu_of(dense(silu_of(convolved(fine, 16, 32, 2, weights)), 32, weights));
    const Doubles z = dense(f, 10, weights);
    EXPECT_TRUE(weights.empty());
    for (std::size_t d = 0; d < 32; ++d) EXPECT_NEAR(features[32 * n + d], f[d], tolerance);
    for (std::size_t d = 0; d < 10; ++d) EXPECT_NEAR(logits[10 * n + d], z[d], tolerance);
  }
}

TEST(DigitClassifier, GivesProbabilities) {
  const Tensor p = DigitClassifier::fixed().classify(batch(digits(), 0, 50, Range::unit));
  EXPECT_EQ(p.shape(), (Shape{50, 10}));
  for (const Real total : sum(p, {1}).to_host()) EXPECT_NEAR(total, 1, 1e-6);
  for (const Real value : p.to_host()) EXPECT_GE(value, 0);
}

// A feature that were constant would count for nothing in a Frechet distance, and one that only
// took two values would be no Gaussian: every one has a spread, and values around its middle.
TEST(DigitClassifier, FeaturesAreAliveAndNotSaturated) {
  const std::vector<Real> f =
      DigitClassifier::fixed().features(all_images(digits_split().held_out)).to_host();
  for (std::size_t d = 0; d < 32; ++d) {
    Doubles values;
    for (std::size_t i = d; i < f.size(); i += 32) values.push_back(static_cast<double>(f[i]));
    std::sort(values.begin(), values.end());
    const double range = values.back() - values.front();
    const auto inside = std::count_if(values.begin(), values.end(), [&](double value) {
      return value > values.front() + range / 10 && value < values.back() - range / 10;
    });
    EXPECT_GT(range, 1) << "feature " << d;
    EXPECT_GT(inside, 297 / 10) << "feature " << d;
  }
}

TEST(DigitClassifier, RefusesOtherImagesAndWeights) {
  const DigitClassifier classifier = DigitClassifier::fixed();
  EXPECT_THROW(classifier.classify(Tensor::zeros({2, 64})), Error);
  EXPECT_THROW(classifier.features(Tensor::zeros({2, 8, 8, 3})), Error);
  EXPECT_THROW(classifier.classify(Tensor::full({1, 8, 8, 1}, 1.01)), Error);
  EXPECT_THROW(classifier.classify(Tensor::full({1, 8, 8, 1}, -0.01)), Error);
  EXPECT_THROW(classifier.classify(Tensor::full({1, 8, 8, 1}, NAN)), Error);
  EXPECT_THROW(DigitClassifier(detail::digit_classifier_weights.first(100)), Error);
}

}  // namespace
}  // namespace ito::test
