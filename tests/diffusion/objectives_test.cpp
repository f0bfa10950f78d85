// The objectives against sums written out by hand, and against what theory says of their minimum.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/objectives/ddpm.h"
#include "diffusion/objectives/denoising.h"
#include "diffusion/objectives/draws.h"
#include "diffusion/sde/ve.h"
#include "tests/diffusion/statistics.h"

namespace ito {
namespace {

/// x -> x / (1 + label), counting on nothing.
class Shrink : public nn::ScoreNetwork {
 public:
  Tensor forward(const Tensor& x, const std::vector<double>& labels,
                 const RandomStream*) const override {
    return scale_per_sample(x, per_sample(labels, [](double label) { return 1 / (1 + label); }));
  }
};

const Times both_times{0.2, 0.9};

Tensor images(std::uint32_t sub) {
  return random_normal({2, 2, 3, 1}, {1, Purpose::noise, 0, sub, 0});
}

/// The loss of example n under s(x, t) = -x/2, from its definition.
double by_hand(const Sde& sde, const Tensor& x_0, const Tensor& z, std::size_t n,
               DenoisingOptions options) {
  double m = sde.mean_scale(both_times[n]), std = sde.std(both_times[n]),
         g = sde.diffusion(both_times[n]), total = 0;
  bool likelihood = options.weighting == Weighting::likelihood;
  for (std::size_t i = 6 * n; i < 6 * (n + 1); ++i) {
    double x_t = m * x_0.data()[i] + std * z.data()[i], s = -x_t / 2;
    double r = likelihood ? g * (s + z.data()[i] / std) : std * s + z.data()[i];
    total += r * r;
  }
  return options.reduction == Reduction::mean ? total / 6 : total / 2;
}

TEST(DenoisingLoss, IsItsDefinition) {
  VpSde vp;
  VeSde ve(0.1, 5);
  Score score = [](const Tensor& x, const Times&) { return x * -0.5; };
  Tensor x_0 = images(0), z = images(1);
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &ve})
    for (Weighting weighting : {Weighting::variance, Weighting::likelihood})
      for (Reduction reduction : {Reduction::mean, Reduction::half_sum}) {
        DenoisingOptions options{weighting, reduction};
        Loss loss = denoising_loss(*sde, score, x_0, both_times, z, options);
        double mean = 0;
        ASSERT_EQ(loss.per_example.shape(), Shape{2});
        for (std::size_t n = 0; n < 2; ++n) {
          double expected = by_hand(*sde, x_0, z, n, options);
          EXPECT_NEAR(loss.per_example.data()[n] / expected, 1, 1e-5);
          mean += expected / 2;
        }
        EXPECT_NEAR(loss.mean.item() / mean, 1, 1e-5);
      }
}

/// E |std s + z|^2 is least at the exact score, and a score off by delta costs std^2 |delta|^2
/// more (Vincent 2011): the difference has this mean, within 4 of its standard errors.
TEST(DenoisingLoss, ExceedsItsMinimumByTheErrorOfTheScore) {
  VpSde sde;
  GaussianMixture data = test::three_modes();
  constexpr Index N = 20000;
  double time = 0.15, delta = 0.7;
  Score exact = data.score(sde);
  Score wrong = [&](const Tensor& x, const Times& times) {
    return exact(x, times) + Tensor({1, 2}, {static_cast<Real>(delta), 0});
  };
  Tensor x_0 = data.sample(N, {2, Purpose::noise, 0, 0, 0});
  Tensor z = random_normal({N, 2}, {2, Purpose::noise, 0, 2, 0});
  Times times(N, time);
  DenoisingOptions options{Weighting::variance, Reduction::half_sum};
  Tensor difference = denoising_loss(sde, wrong, x_0, times, z, options).per_example -
                      denoising_loss(sde, exact, x_0, times, z, options).per_example;
  std::vector<Real> values = difference.to_host();
  double expected = 0.5 * std::pow(sde.std(time) * delta, 2);
  EXPECT_LT(std::abs(test::z_score({values.begin(), values.end()}, expected)), 4);
  EXPECT_GT(test::z_score({values.begin(), values.end()}, 0), 20);
}

TEST(DdpmLoss, IsItsDefinition) {
  VpSde sde({0.1, 5}, 10);
  Tensor x_0 = images(0), z = images(1);
  std::vector<Index> i{0, 9};
  Loss loss = ddpm_loss(sde, Shrink(), x_0, i, z, Reduction::half_sum);
  for (std::size_t n = 0; n < 2; ++n) {
    auto k = static_cast<std::size_t>(i[n]);
    double acp = sde.alphas_cumprod()[k], total = 0;
    for (std::size_t j = 6 * n; j < 6 * (n + 1); ++j) {
      double x_i = std::sqrt(acp) * x_0.data()[j] + std::sqrt(1 - acp) * z.data()[j];
      double r = x_i / (1 + static_cast<double>(i[n])) - z.data()[j];
      total += r * r / 2;
    }
    EXPECT_NEAR(loss.per_example.data()[n] / total, 1, 1e-5);
  }
  EXPECT_THROW(ddpm_loss(sde, Shrink(), x_0, {0, 10}, z), Error);
}

TEST(Draws, DoNotDependOnHowTheBatchIsSplit) {
  VpSde sde;
  BatchAddress whole{9, 4, 0}, rest{9, 4, 3};
  Times all = draw_times(sde, 8, whole), tail = draw_times(sde, 5, rest);
  EXPECT_EQ(Times(all.begin() + 3, all.end()), tail);
  auto indices = draw_indices(sde, 8, whole), later = draw_indices(sde, 5, rest);
  EXPECT_EQ(std::vector<Index>(indices.begin() + 3, indices.end()), later);
  auto z = draw_noise({8, 6}, whole).to_host(), z_tail = draw_noise({5, 6}, rest).to_host();
  EXPECT_EQ(std::vector<Real>(z.begin() + 18, z.end()), z_tail);
  EXPECT_NE(all, draw_times(sde, 8, {9, 5, 0}));
}

TEST(Draws, CoverTheirRange) {
  VpSde sde({0.1, 20}, 50);
  constexpr Index N = 20000;
  Times times = draw_times(sde, N, {1, 0, 0}, 0.25);
  EXPECT_GE(*std::min_element(times.begin(), times.end()), 0.25);
  EXPECT_LE(*std::max_element(times.begin(), times.end()), 1);
  EXPECT_LT(std::abs(test::z_score(times, 0.625)), 4);
  std::vector<double> first;
  for (Index i : draw_indices(sde, N, {1, 0, 0})) {
    EXPECT_TRUE(i >= 0 && i < 50);
    first.push_back(i == 0);
  }
  EXPECT_LT(std::abs(test::z_score(first, 1.0 / 50)), 4);
}

}  // namespace
}  // namespace ito
