// Imputation: the known part ends as given to the bit, whatever the sampler, and with an exact
// score the missing part is what is claimed: the exact conditional by Langevin dynamics, a stated
// distance from it without.

#include <gtest/gtest.h>

#include <bit>

#include "diffusion/control/imputation.h"
#include "diffusion/samplers/denoise_at_end.h"
#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

struct ImputationSampler {
  std::string predictor = "none", corrector = "none";
  int steps = 500, corrector_steps = 1;
  double snr = 0.16, eps = 1e-3;
};

Tensor impute(const Sde& sde, const Score& score, const Imputation& known, const Shape& shape,
              const ImputationSampler& sampler) {
  std::unique_ptr<Predictor> predictor = make_predictor(sampler.predictor, {sde, score});
  if (!predictor) predictor = std::make_unique<DenoiseAtEnd>(sde, score);
  const auto corrector = make_corrector(sampler.corrector, sde, score, sampler.snr);
  PredictorCorrectorOptions options;
  options.steps = sampler.steps;
  options.eps = sampler.eps;
  options.corrector_steps = sampler.corrector_steps;
  options.constraint = &known;
  return predictor_corrector(sde, predictor.get(), corrector.get(), random_noise(shape, 11),
                             options)
      .x;
}

/// x [N, 2] with x_0 known.
Tensor impute_second(const Sde& sde, const GaussianMixture& truth, double known, Index N,
                     const ImputationSampler& sampler) {
  const Imputation imputation(sde, Tensor({1, 2}, {static_cast<Real>(known), 0}),
                              Tensor({1, 2}, {1, 0}));
  return impute(sde, truth.score(sde), imputation, {N, 2}, sampler);
}

struct Moments {
  double mean = 0, variance = 0;
};

Moments second_moments(const Tensor& x) {
  Moments m;
  const test::Rows samples = test::rows(x);
  const auto n = static_cast<double>(samples.size());
  for (const auto& row : samples) m.mean += row[1] / n;
  for (const auto& row : samples) m.variance += (row[1] - m.mean) * (row[1] - m.mean) / (n - 1);
  return m;
}

GaussianMixture correlated() { return GaussianMixture::full({1}, {{0, 0}}, {{1, 0.9, 0.9, 1}}); }

/// The numbers in imputation.h, from integrating the two moments of the continuous-time limit (no
/// discretisation). 250 steps of a first-order method are off by about 1 %; 4000 samples give the
/// mean to 0.009 and the variance to 2.2 %.
TEST(Imputation, PredictorsAloneHaveTheStatedBias) {
  const Moments m = second_moments(
      impute_second(VpSde(), correlated(), 1, 4000, {"euler_maruyama", "none", 250}));
  EXPECT_NEAR(m.mean, 0.627, 4 * 0.009 + 0.01);
  EXPECT_NEAR(m.variance, 0.311, 4 * 0.007 + 0.005);
}

/// Song and Ermon's method approaches the exact conditional N(0.9, 0.19). With 20 levels of 50
/// steps, for which the moments of the chain itself are 0.889 and 0.204, 1000 samples give the mean
/// to 0.014 and the variance to 0.009.
TEST(Imputation, AnnealedLangevinDrawsFromTheConditional) {
  const GaussianMixture exact = correlated().posterior({1, 0}, {1}, 1e-4);
  const Moments m = second_moments(
      impute_second(VeSde(0.05, 3), correlated(), 1, 1000, {"none", "ald", 20, 50, 0.3, 1e-5}));
  EXPECT_NEAR(m.mean, exact.mean()[1], 4 * 0.014 + 0.011);
  EXPECT_NEAR(m.variance, exact.covariance()[3], 4 * 0.009 + 0.014);
}

/// Langevin steps between those of a predictor take away most of the predictor's error.
TEST(Imputation, CorrectorsBringThePredictorCloser) {
  const Moments m = second_moments(
      impute_second(VpSde(), correlated(), 1, 1000, {"reverse_diffusion", "ald", 50, 10, 0.25}));
  EXPECT_LT(std::abs(m.mean - 0.9), (0.9 - 0.627) / 2);
  EXPECT_LT(std::abs(m.variance - 0.19), (0.311 - 0.19) / 2);
}

bool same_bits(Real a, Real b) {
  using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
  return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b);
}

/// The score of N(0, I) for pictures, whatever the SDE makes of it.
Score normal_score(const Sde& sde) {
  return [&sde](const Tensor& x, const Times& t) {
    return scale_per_sample(x, per_sample(t, [&](double t_n) {
                              const double m = sde.mean_scale(t_n), std = sde.std(t_n);
                              return -1 / (m * m + std * std);
                            }));
  };
}

void expect_known_bits(const Sde& sde, const ImputationSampler& sampler) {
  const Shape shape = {3, 4, 5, 2};
  Tensor known = random_normal(shape, {3, Purpose::noise});
  known.mutable_data()[7] = static_cast<Real>(-0.0);
  Tensor mask({1, 4, 5, 1}, std::vector<Real>(20, 0));
  for (const Index pixel : {0, 3, 9, 13, 19}) mask.mutable_data()[pixel] = 1;
  mask = broadcast_to(mask, shape);
  const Tensor x = impute(sde, normal_score(sde), Imputation(sde, known, mask), shape, sampler);
  for (std::size_t i = 0; i < 120; ++i) {
    const bool is_known = mask.to_host()[i] != 0;
    EXPECT_EQ(same_bits(x.to_host()[i], known.to_host()[i]), is_known)
        << sde.name() << " " << sampler.predictor << " " << sampler.corrector << " " << i;
  }
}

TEST(Imputation, KnownPixelsEndAsGiven) {
  const VpSde vp;
  const SubVpSde subvp;
  const VeSde ve(0.01, 10);
  for (const Sde* sde : std::initializer_list<const Sde*>{&vp, &subvp, &ve}) {
    for (const char* predictor : {"euler_maruyama", "ancestral", "heun", "none"})
      for (const char* corrector : {"none", "langevin", "ald"})
        expect_known_bits(*sde, {predictor, corrector, 5, 2});
  }
}

/// What the last update returns for the missing pixels: its mean, or, as published, its state.
TEST(Imputation, PublishedMeansAreNotDenoised) {
  const VpSde sde;
  const Update state = {random_normal({2, 6}, {1}), random_normal({2, 6}, {2})};
  const Tensor data = random_normal({2, 6}, {3}), z = random_normal({2, 6}, {4});
  const Tensor mask({1, 6}, {1, 0, 1, 0, 0, 0});
  const Times t(2, 0.1), s(2, 0.0);
  const Update ours = Imputation(sde, data, mask).apply(state, t, s, z);
  const Update published = Imputation(sde, data, mask, KnownPart::published).apply(state, t, s, z);
  for (const std::size_t i : {1, 3, 4, 5, 7, 9}) {
    EXPECT_EQ(ours.mean.to_host()[i], state.mean.to_host()[i]);
    EXPECT_EQ(published.mean.to_host()[i], state.x.to_host()[i]);
  }
  for (const std::size_t i : {0, 2, 6, 8}) {
    EXPECT_EQ(ours.mean.to_host()[i], data.to_host()[i]);
    EXPECT_EQ(published.mean.to_host()[i],
              static_cast<Real>(sde.mean_scale(0.1)) * data.to_host()[i]);
  }
}

/// (R + G + B) / 3 in double.
std::vector<double> luminances(const Tensor& x) {
  std::vector<double> result;
  const std::vector<Real> values = x.to_host();
  for (std::size_t i = 0; i < values.size(); i += 3)
    result.push_back((static_cast<double>(values[i]) + static_cast<double>(values[i + 1]) +
                      static_cast<double>(values[i + 2])) /
                     3);
  return result;
}

Tensor colorize(const Sde& sde, const Tensor& picture, const Shape& shape, int steps) {
  const Decoupling decoupling;
  const Imputation known(sde, decoupling.luminance(picture), luminance_mask(), KnownPart::marginal,
                         decoupling);
  return impute(sde, normal_score(sde), known, shape, {"reverse_diffusion", "ald", steps});
}

/// Within 4 units in the last place of the largest channel of the pixel (or of the luminance).
TEST(Colorization, LuminanceEndsAsGiven) {
  const VpSde sde;
  const Shape shape = {2, 6, 6, 3};
  const Tensor colour = random_uniform(shape, {5}), grey = mean(colour, {3}, true);
  for (const Tensor& given : {colour, grey}) {
    const Tensor x = colorize(sde, given, shape, 10);
    const std::vector<double> was = luminances(colour), is = luminances(x);
    double most = 0;
    for (std::size_t i = 0; i < is.size(); ++i) {
      double size = std::abs(was[i]);
      for (std::size_t c = 0; c < 3; ++c)
        size = std::max(size, std::abs(static_cast<double>(x.to_host()[3 * i + c])));
      const int exponent = std::ilogb(size);
      const double ulp =
          std::ldexp(static_cast<double>(std::numeric_limits<Real>::epsilon()), exponent);
      most = std::max(most, std::abs(was[i] - is[i]) / ulp);
    }
    EXPECT_LE(most, 4) << "units in the last place";
  }
}

/// Colours do come out: the coordinates that are not luminance have the variance of the prior.
TEST(Colorization, TheOtherCoordinatesAreDrawn) {
  const VpSde sde;
  const Shape shape = {1, 20, 20, 3};
  const Tensor y = Decoupling().to(colorize(sde, Tensor::zeros({1, 20, 20, 1}), shape, 100));
  double squares[3] = {0, 0, 0};
  for (std::size_t i = 0; i < 1200; ++i)
    squares[i % 3] += std::pow(static_cast<double>(y.to_host()[i]), 2) / 400;
  EXPECT_LT(squares[0], 1e-10);
  // 400 squares of a normal number have their mean within 4 sqrt(2 / 400) = 0.28; a hundred steps
  // of a first-order method leave about 0.05.
  EXPECT_NEAR(squares[1], 1, 0.33);
  EXPECT_NEAR(squares[2], 1, 0.33);
}

TEST(Colorization, TheMatrixIsOrthonormal) {
  const Tensor identity({3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  const Decoupling decoupling;
  const Tensor back = decoupling.from(decoupling.to(identity)) - identity;
  const double eps = static_cast<double>(std::numeric_limits<Real>::epsilon());
  EXPECT_LT(sum_squares(back), std::pow(8 * eps, 2));
  test::expect_error([] { Decoupling({1, 0, 0, 0, 1, 0, 0, 1, 1}); }, {"orthonormal"});
  test::expect_error([&] { decoupling.luminance(Tensor::zeros({1, 2, 2, 2})); }, {"[N, H, W, 3]"});
}

/// A second measurement of the same kind is as one of two at once, and a very noisy one says
/// nothing.
TEST(MixturePosterior, AgreesWithTheDefinition) {
  const GaussianMixture prior = test::three_modes();
  const std::vector<double> A = {0.3, -0.8}, y = {0.4};
  const GaussianMixture posterior = prior.posterior(A, y, 0.3);
  const Tensor x = random_normal({50, 2}, {8});
  const std::vector<double> after = posterior.log_density(x), before = prior.log_density(x);
  std::vector<double> evidence;
  for (std::size_t n = 0; n < after.size(); ++n) {
    const auto a = static_cast<double>(x.to_host()[2 * n]),
               b = static_cast<double>(x.to_host()[2 * n + 1]);
    const double r = y[0] - A[0] * a - A[1] * b;
    evidence.push_back(after[n] - before[n] + r * r / (2 * 0.3 * 0.3));
  }
  for (const double e : evidence) EXPECT_NEAR(e, evidence[0], 1e-9);
  test::expect_error([&] { prior.posterior({1}, {1}, 0.1); }, {"A [M, 2]"});
}

}  // namespace
}  // namespace ito
