// Operators: the adjoint of each, and each against what it should do to a known image. Baselines.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/control/matrix_operator.h"
#include "diffusion/control/motion_blur.h"
#include "diffusion/control/pixel_operators.h"
#include "diffusion/control/resampling_operators.h"
#include "tests/errors.h"

namespace ito {
namespace {

constexpr bool in_double = sizeof(Real) == 8;

Tensor checkered(const Shape& item) {
  Tensor mask = Tensor::zeros(item);
  for (Index i = 0; i < mask.elements(); i += 3) mask.mutable_data()[i] = 1;
  return mask;
}

std::vector<std::unique_ptr<Operator>> every_operator() {
  std::vector<std::unique_ptr<Operator>> all;
  all.push_back(std::make_unique<MaskOperator>(checkered({4, 6, 3})));
  all.push_back(std::make_unique<MaskOperator>(checkered({7})));
  all.push_back(std::make_unique<GreyOperator>(Shape{4, 6, 3}));
  all.push_back(box_downsampling({4, 6, 3}, 2));
  all.push_back(bicubic_downsampling({8, 12, 2}, 4));
  all.push_back(gaussian_blur({5, 7, 3}, 1.2));
  all.push_back(std::make_unique<MotionBlur>(Shape{8, 9, 2}, 4.5, 30));
  all.push_back(std::make_unique<Radon>(Shape{8, 6, 1}, 23));
  all.push_back(random_projections({4, 5, 1}, 7, 3));
  return all;
}

TEST(Operators, AdjointsAreAdjoint) {
  for (const auto& A : every_operator()) {
    check_adjoint(*A);
    const Tensor y = random_normal(batch_shape(2, A->range()), {4});
    EXPECT_EQ(A->adjoint(y).shape(), batch_shape(2, A->domain()));
  }
}

/// The test of adjoints notices a wrong one, a range that is not kept and what is not linear.
TEST(Operators, TheAdjointTestNotices) {
  struct Base : Operator {
    Base() : Operator({4}, {4}) {}
    Tensor apply(const Tensor& x) const override { return x * 2; }
  };
  struct WrongAdjoint : Base {
    Tensor adjoint(const Tensor& y) const override { return y * 2.01; }
  };
  struct WrongRange : Base {
    Tensor apply(const Tensor& x) const override { return slice(x, 1, 0, 3); }
  };
  struct Affine : Base {
    Tensor apply(const Tensor& x) const override { return x * 2 + 0.01; }
  };
  test::expect_error([] { check_adjoint(WrongAdjoint()); }, {"fails its adjoint test"});
  test::expect_error([] { check_adjoint(WrongRange()); }, {"announces a range of [4]"});
  EXPECT_NE(test::error_of([] { check_adjoint(Affine()); }), "");
}

double largest_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  double result = 0;
  const std::vector<Real> x = a.to_host(), y = b.to_host();
  for (std::size_t i = 0; i < x.size(); ++i)
    result = std::max(result, std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i])));
  return result;
}

constexpr double rounding = in_double ? 1e-13 : 2e-6;  // of a few products of numbers up to 5

TEST(Operators, BoxIsTheMeanOfBlocks) {
  const Tensor x = random_normal({2, 6, 8, 3}, {5});
  EXPECT_LT(largest_difference(box_downsampling({6, 8, 3}, 2)->apply(x), downsample_mean(x, 2)),
            rounding);
}

/// Keys' kernel interpolates quadratics; down-sampling a linear ramp keeps it, away from the
/// border.
TEST(Operators, BicubicKeepsARamp) {
  Tensor x({1, 16, 16, 1});
  for (Index i = 0; i < 256; ++i)
    x.mutable_data()[i] =
        static_cast<Real>(static_cast<double>(i / 16) / 8 - static_cast<double>(i % 16) / 16);
  const std::vector<Real> y = bicubic_downsampling({16, 16, 1}, 2)->apply(x).to_host();
  for (std::size_t r = 2; r < 6; ++r)
    for (std::size_t c = 2; c < 6; ++c) {
      const double row = 2.0 * static_cast<double>(r) + 0.5,
                   column = 2.0 * static_cast<double>(c) + 0.5;
      EXPECT_NEAR(y[8 * r + c], row / 8 - column / 16, rounding);
    }
}

/// Blurs keep a constant (the motion blur, which has zeros outside, in the middle only), and spread
/// a point as they should: the variance of the Gaussian, the extent and direction of the motion.
TEST(Operators, BlursSpreadAPoint) {
  const Shape item = {15, 15, 1};
  const Tensor ones = Tensor::full({1, 15, 15, 1}, 1);
  const auto gaussian = gaussian_blur(item, 1.3);
  const MotionBlur motion(item, 6, 0);
  EXPECT_LT(largest_difference(gaussian->apply(ones), ones), rounding);
  EXPECT_NEAR(motion.apply(ones).to_host()[7 * 15 + 7], 1, rounding);
  Tensor point = Tensor::zeros({1, 15, 15, 1});
  point.mutable_data()[7 * 15 + 7] = 1;
  const std::vector<Real> g = gaussian->apply(point).to_host(), m = motion.apply(point).to_host();
  double variance = 0, along = 0, across = 0;
  for (std::size_t i = 0; i < 225; ++i) {
    const double dr = static_cast<double>(i / 15) - 7, dc = static_cast<double>(i % 15) - 7;
    variance += dr * dr * static_cast<double>(g[i]);
    along += dc * dc * static_cast<double>(m[i]);
    across += dr * dr * static_cast<double>(m[i]);
  }
  EXPECT_NEAR(variance, 1.3 * 1.3, 1e-3);  // the sum over pixels of a Gaussian cut at 5.4 sigma
  EXPECT_NEAR(across, 0, 1e-6);
  // A line of length 5 between the outer centres, shared between pixels: 25 / 12 + at most 1 / 4.
  EXPECT_NEAR(along, 25.0 / 12 + 1.0 / 6, 0.1);
}

/// A disc's projections are its chords 2 sqrt(r^2 - s^2), and the back-projection finds the disc.
TEST(Operators, RadonOfADisc) {
  constexpr Index side = 48;
  constexpr double radius = 15;
  Tensor disc({1, side, side, 1});
  for (Index i = 0; i < side * side; ++i) {
    double inside = 0;  // the share of 8 x 8 points of the pixel
    for (int p = 0; p < 64; ++p) {
      const double y = static_cast<double>(i / side) + (p / 8 + 0.5) / 8 - side / 2.0,
                   x = static_cast<double>(i % side) + (p % 8 + 0.5) / 8 - side / 2.0;
      inside += x * x + y * y < radius * radius ? 1.0 / 64 : 0;
    }
    disc.mutable_data()[i] = static_cast<Real>(inside);
  }
  const Radon A({side, side, 1}, 90);
  const Tensor y = A.apply(disc);
  const std::vector<Real> sinogram = y.to_host();
  const Index detectors = A.range()[1];
  double squares = 0;
  for (std::size_t i = 0; i < sinogram.size(); ++i) {
    const double s = static_cast<double>(static_cast<Index>(i) % detectors) -
                     static_cast<double>(detectors - 1) / 2;
    const double chord = std::abs(s) < radius ? 2 * std::sqrt(radius * radius - s * s) : 0;
    squares += std::pow(static_cast<double>(sinogram[i]) - chord, 2) /
               static_cast<double>(sinogram.size());
  }
  EXPECT_LT(std::sqrt(squares), 0.03 * 2 * radius);  // half a pixel's blur at the disc's edges
  const std::vector<Real> image = A.filtered_back_projection(y).to_host();
  double middle = 0;
  for (Index r = 20; r < 28; ++r)
    for (Index c = 20; c < 28; ++c)
      middle += static_cast<double>(image[static_cast<std::size_t>(r * side + c)]) / 64;
  EXPECT_NEAR(middle, 1, 0.03);
  EXPECT_NEAR(image[3 * side + 3], 0, 0.05);
}

/// The system solved by conjugate gradients is solved, each sample with its own lambda and to the
/// same bits alone.
TEST(LeastSquares, SolvesTheNormalEquations) {
  for (const auto& A : every_operator()) {
    const Tensor b = A->apply(random_normal(batch_shape(3, A->domain()), {6}));
    const std::vector<double> lambda = {0.1, 0.5, 2};
    const Tensor u = solve_normal(*A, lambda, b);
    const Tensor back = A->apply(A->adjoint(u)) + scale_per_sample(u, lambda);
    EXPECT_LT(largest_difference(back, b), in_double ? 1e-9 : 1e-4);
    const Tensor alone = solve_normal(*A, {0.5}, slice(b, 0, 1, 2));
    EXPECT_EQ(largest_difference(alone, slice(u, 0, 1, 2)), 0);
  }
}

/// Without noise the answer agrees with the measurement and is of least norm: A^T A+ y = A+ A x.
TEST(LeastSquares, AgreesWithTheMeasurement) {
  const auto A = box_downsampling({4, 4, 1}, 2);
  const Tensor x = random_normal({2, 4, 4, 1}, {7}), y = A->apply(x);
  const Tensor best = least_squares({*A, y, 0});
  EXPECT_LT(largest_difference(best, upsample_nearest(y, 2)), 10 * rounding);
}

TEST(Operators, RefuseWhatTheyCannotDo) {
  const Shape item = {8, 6, 1};
  test::expect_error([&] { box_downsampling(item, 4); }, {"[box]", "divides 8 and 6, got 4"});
  test::expect_error([&] { bicubic_downsampling(item, 1); }, {"[bicubic]"});
  test::expect_error([&] { gaussian_blur(item, 0); }, {"[gaussian]", "got 0"});
  test::expect_error([&] { MotionBlur(item, 20, 0); }, {"[motion]", "1 to 8"});
  test::expect_error([&] { GreyOperator grey(item); }, {"[grey]", "[8, 6, 1]"});
  test::expect_error([&] { Radon({4, 4, 3}, 5); }, {"[radon]", "one channel"});
  test::expect_error([&] { Radon(item, 0); }, {"angles"});
  test::expect_error([&] { random_projections(item, 49, 0); }, {"[random]", "1 to 48"});
  test::expect_error([&] { MaskOperator(Tensor::zeros(item)); }, {"nothing is known"});
  test::expect_error([&] { MaskOperator(Tensor::full(item, 1)); }, {"everything is known"});
  test::expect_error([&] { MaskOperator(Tensor::full(item, 0.5)); }, {"got 0.5"});
  const auto A = gaussian_blur(item, 1);
  test::expect_error(
      [&] {
        check(Measurement{*A, Tensor::zeros({2, 6, 8, 1})});
      },
      {"[measurement]", "[8, 6, 1]", "[2, 6, 8, 1]"});
  test::expect_error([&] { check(Measurement{*A, Tensor::zeros({1, 8, 6, 1}), -1}); }, {"noise"});
}

}  // namespace
}  // namespace ito
