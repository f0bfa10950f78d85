// Corruptions: adjoints, derivatives, and each against what it should do to a known image.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "diffusion/control/operator.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "diffusion/soft/blur.h"
#include "diffusion/soft/composition.h"
#include "diffusion/soft/downsampling.h"
#include "diffusion/soft/mask.h"
#include "diffusion/soft/scaled_identity.h"
#include "diffusion/soft/soft_diffusion.h"
#include "engine/autograd.h"
#include "tests/errors.h"

namespace ito {
namespace {

constexpr bool soft_in_double = sizeof(Real) == 8;
/// A few roundings of numbers of order 1.
constexpr double soft_rounding = soft_in_double ? 1e-14 : 2e-6;

double corruption_difference(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

/// A corruption at one parameter, as the operator of an inverse problem.
struct Fixed : Operator {
  const Corruption& C;
  double a;
  Fixed(const Corruption& corruption, double parameter)
      : Operator(corruption.item(), corruption.item()), C(corruption), a(parameter) {}
  Tensor apply(const Tensor& x) const override { return C.apply(x, a); }
  Tensor adjoint(const Tensor& y) const override {
    return C.adjoint(y, std::vector<double>(static_cast<std::size_t>(y.size(0)), a));
  }
};

std::vector<std::unique_ptr<Corruption>> every_corruption(const Shape& item) {
  std::vector<std::unique_ptr<Corruption>> all;
  for (const char* name : {"identity", "scale", "blur", "blur:3,2.5", "mask", "mask:random", "down",
                           "down+blur:2,1.5+mask", "mask+blur"})
    all.push_back(corruption_named(name, item));
  return all;
}

/// Parameters from one end of the family to the other.
std::vector<double> family_parameters(const Corruption& C) {
  std::vector<double> a;
  for (const double u : {0.0, 0.13, 0.5, 0.77, 1.0})
    a.push_back(C.clean() + u * (C.strongest() - C.clean()));
  return a;
}

TEST(Corruption, AdjointsAreAdjoint) {
  for (const auto& C : every_corruption({4, 8, 3}))
    for (const double a : family_parameters(*C)) check_adjoint(Fixed(*C, a));
}

/// The derivative of <y, C x> by x is C^T y; its derivative by y along w is C w.
TEST(Corruption, DerivativesAreTheAdjointAndTheOperatorAgain) {
  for (const auto& C : every_corruption({4, 6, 2})) {
    const std::vector<double> a = family_parameters(*C);
    const Shape shape = {static_cast<Index>(a.size()), 4, 6, 2};
    Tensor x = random_normal(shape, {1}), y = random_normal(shape, {2});
    const Tensor w = random_normal(shape, {3});
    const RecordingScope on(true);
    x.require_grad();
    y.require_grad();
    const Tensor by_x =
        grad({sum(C->apply(x, a) * y)}, {x}, {Tensor::scalar(1)}, {.create_graph = true})[0];
    EXPECT_LT(corruption_difference(by_x, C->adjoint(y, a)), soft_rounding) << C->name();
    const Tensor by_y = grad({sum(by_x * w)}, {y}, {Tensor::scalar(1)})[0];
    EXPECT_LT(corruption_difference(by_y, C->apply(w, a)), soft_rounding) << C->name();
  }
}

/// C(clean) is the identity to the bit, and a sample's result that which it has alone.
TEST(Corruption, BeginsAtTheIdentityAndKeepsSamplesApart) {
  for (const auto& C : every_corruption({4, 4, 1})) {
    const std::vector<double> a = family_parameters(*C);
    const Tensor x = random_normal({static_cast<Index>(a.size()), 4, 4, 1}, {4});
    EXPECT_EQ(C->apply(x, C->clean()).to_host(), x.to_host()) << C->name();
    const Tensor all = C->apply(x, a);
    for (std::size_t n = 0; n < a.size(); ++n) {
      const auto i = static_cast<Index>(n);
      EXPECT_EQ(C->apply(slice(x, 0, i, i + 1), {a[n]}).to_host(),
                slice(all, 0, i, i + 1).to_host())
          << C->name() << " at " << a[n];
    }
  }
}

TEST(Corruption, NamesAreReadBack) {
  for (const auto& C : every_corruption({8, 8, 1}))
    EXPECT_EQ(corruption_named(C->name(), C->item())->name(), C->name());
}

/// Every pixel is the sum, over the image alone, of the kernel's taps: written out.
TEST(Blur, IsTheTruncatedNormalisedKernelOverZeros) {
  const Index H = 7, W = 5, r = 3;
  const double std = 1.7;
  double total = 0;
  for (Index i = -r; i <= r; ++i)
    for (Index j = -r; j <= r; ++j)
      total += std::exp(-static_cast<double>(i * i + j * j) / (2 * std * std));
  const Tensor x = random_normal({1, H, W, 1}, {5});
  const std::vector<Real> y = GaussianBlur({H, W, 1}, r, 9).apply(x, std).to_host(),
                          v = x.to_host();
  for (Index h = 0; h < H; ++h)
    for (Index w = 0; w < W; ++w) {
      double expected = 0;
      for (Index i = std::max<Index>(0, h - r); i <= std::min(H - 1, h + r); ++i)
        for (Index j = std::max<Index>(0, w - r); j <= std::min(W - 1, w + r); ++j)
          expected += std::exp(-static_cast<double>((i - h) * (i - h) + (j - w) * (j - w)) /
                               (2 * std * std)) /
                      total * v[static_cast<std::size_t>(i * W + j)];
      EXPECT_NEAR(y[static_cast<std::size_t>(h * W + w)], expected, soft_rounding);
    }
}

/// The figures of the published kernel: at 32 x 32, half-size 32 and std 18 a constant image keeps
/// 0.45 of its colour at the centre and 0.26 in the corner.
TEST(Blur, DoesNotKeepAConstantImageConstant) {
  const GaussianBlur blur({32, 32, 1});
  EXPECT_EQ(blur.name(), "blur:32,18");
  const Tensor y = blur.apply(Tensor::full({1, 32, 32, 1}, 1), 18.0);
  EXPECT_NEAR(slice(slice(y, 1, 16, 17), 2, 16, 17).item(), 0.45, 0.005);
  EXPECT_NEAR(slice(slice(y, 1, 0, 1), 2, 0, 1).item(), 0.26, 0.005);
}

/// A kernel far larger than the image is taken, and what is used of it is said.
TEST(Blur, SaysWhatIsUsedOfALargeKernel) {
  EXPECT_EQ(GaussianBlur({32, 32, 1}).remark(), "");
  EXPECT_EQ(GaussianBlur({64, 64, 1}, 80, 23).remark(), "");
  EXPECT_NE(GaussianBlur({8, 8, 1}, 32, 18).remark().find("only 7 taps a side"), std::string::npos);
}

TEST(Masking, FadesPixelByPixel) {
  const auto C = centred_masking({2, 2, 1}, Vanishing::fading);
  EXPECT_EQ(C->masks({0.375}).to_host(), (std::vector<Real>{0, 0.5, 1, 1}));
}

TEST(Masking, HidesAnyShareFromTheCentre) {
  const auto C = centred_masking({5, 6, 2});
  for (int gone = 0; gone <= 30; ++gone)
    EXPECT_EQ(sum(C->masks({gone / 30.0})).item(), 2 * (30 - gone));
  const std::vector<Real> mask =
      C->masks({0.4}).to_host();  // 12 pixels: rows 1 to 3, columns 1 to 4
  for (Index h = 0; h < 5; ++h)
    for (Index w = 0; w < 6; ++w)
      EXPECT_EQ(mask[static_cast<std::size_t>((h * 6 + w) * 2)],
                h >= 1 && h <= 3 && w >= 1 && w <= 4 ? 0 : 1)
          << h << ", " << w;
}

TEST(Masking, TakesAnyScheduleOfMasks) {
  const Tensor masks({3, 2, 2, 1}, {1, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 0});  // not nested
  const Masking C({2, 2, 1}, "mine", masks_of_list(masks));
  const Tensor x = random_normal({3, 2, 2, 1}, {6});
  EXPECT_EQ(C.apply(x, {0.2, 0.6, 1}).to_host(), (x * masks).to_host());
  test::expect_error([] { masks_of_list(Tensor({2, 2}, {1, 1, 0, 0.5})); }, {"0.5"});
  test::expect_error([] { masks_of_list(Tensor({2, 2}, {1, 0, 0, 0})); }, {"first mask"});
  test::expect_error([] { masks_in_order({1, 3, 1}, {0, 1, 1}); }, {"each once"});
}

TEST(Downsampling, TakesMeansOfBlocksAndMixes) {
  const Downsampling C({4, 8, 1});
  EXPECT_EQ(C.strongest(), 2);
  const Tensor x = random_normal({3, 4, 8, 1}, {7});
  const Tensor D_1 = upsample_nearest(downsample_mean(x, 2), 2),
               D_2 = upsample_nearest(downsample_mean(x, 4), 4);
  EXPECT_EQ(C.apply(x, 1).to_host(), D_1.to_host());
  EXPECT_LT(corruption_difference(C.apply(x, 1.25), D_1 * 0.75 + D_2 * 0.25), soft_rounding);
  test::expect_error([] { Downsampling({5, 4, 1}); }, {"even"});
}

TEST(Composition, IsOneAfterTheOther) {
  const Shape item = {4, 4, 1};
  const auto both = corruption_named("mask+blur:2,3", item);
  const Tensor x = random_normal({2, 4, 4, 1}, {8});
  const Tensor expected =
      corruption_named("blur:2,3", item)->apply(corruption_named("mask", item)->apply(x, 0.5), 1.5);
  EXPECT_EQ(both->apply(x, 0.5).to_host(), expected.to_host());
}

/// With alpha_t I and the noise of an SDE, x_t is that SDE's; with I and VE's, that of VE: to the
/// bit, as it is the same sum.
TEST(SoftDiffusion, HoldsTheLinearSdesAsSpecialCases) {
  const VpSde vp;
  const SubVpSde subvp;
  const VeSde ve;
  const Shape item = {3, 3, 1};
  const Tensor x = random_normal({4, 3, 3, 1}, {9}), eta = random_normal({4, 3, 3, 1}, {10});
  const Times t = {0.01, 0.3, 0.7, 1};
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &subvp, &ve}) {
    const SoftDiffusion soft(
        corruption_named(sde == &ve ? "identity" : "scale", item), [sde, &ve](double u) {
          return CorruptionLevel{sde == &ve ? 0 : sde->mean_scale(u), sde->std(u)};
        });
    EXPECT_EQ(soft.perturb(x, t, eta).to_host(), sde->perturb(x, t, eta).to_host()) << sde->name();
  }
}

TEST(Corruption, BadInputIsExplained) {
  const Shape item = {4, 4, 1};
  const auto named = [&](const char* name) { return [=] { corruption_named(name, item); }; };
  test::expect_error(named("fog"), {"fog", "blur"});
  test::expect_error(named("blur:3"), {"blur:32,18", "blur:3"});
  test::expect_error(named("blur:0,1"), {"half-size"});
  test::expect_error(named("blur:4,0"), {"standard deviation"});
  test::expect_error([] { corruption_named("mask", {7}); }, {"[H, W, C]", "[7]"});
  const auto blur = corruption_named("blur:4,2", item);
  test::expect_error([&] { blur->apply(Tensor::zeros({2, 4, 4, 1}), 2.5); }, {"0 to 2", "2.5"});
  test::expect_error([&] { blur->apply(Tensor::zeros({2, 4, 5, 1}), 1.0); }, {"[2, 4, 5, 1]"});
  const SoftDiffusion silent(corruption_named("blur", item), [](double t) {
    return CorruptionLevel{t, 0};
  });
  test::expect_error([&] { silent.sigma(0.5); }, {"noise", "no density"});
}

}  // namespace
}  // namespace ito
