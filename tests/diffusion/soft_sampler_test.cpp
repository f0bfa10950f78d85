// Samplers of soft diffusion against the closed form: on Gaussian data with the exact conditional
// mean each one's law is known without a draw.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/mixture.h"
#include "diffusion/objectives/denoising.h"
#include "diffusion/samplers/denoised.h"
#include "diffusion/samplers/reverse_diffusion.h"
#include "diffusion/sde/ve.h"
#include "diffusion/soft/ddim_sampler.h"
#include "diffusion/soft/dense.h"
#include "diffusion/soft/gaussian_sampling.h"
#include "diffusion/soft/momentum_sampler.h"
#include "diffusion/soft/naive_sampler.h"
#include "diffusion/soft/soft_score_matching.h"
#include "tests/errors.h"

namespace ito {
namespace {

constexpr bool sampler_in_double = sizeof(Real) == 8;

const Shape tiny_item = {4, 4, 1};

/// Smooth random images of 4 x 4: mean 0.5, covariance falling off with the distance.
Gaussian smooth_images() {
  const std::size_t D = 16;
  Gaussian data{std::vector<double>(D, 0.5), std::vector<double>(D * D)};
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j < D; ++j) {
      const double dh = static_cast<double>(i / 4) - static_cast<double>(j / 4),
                   dw = static_cast<double>(i % 4) - static_cast<double>(j % 4);
      data.covariance[i * D + j] = 0.1 * std::exp(-std::sqrt(dh * dh + dw * dw) / 2);
    }
  return data;
}

/// Noise first, geometrically to 0.1 by t = 0.2, then blur: the paper's form.
CorruptionLevel noise_then_blur(double t) {
  return {t < 0.2 ? 0 : 2.25 * (t - 0.2) / 0.8, 0.01 * std::pow(10, std::min(t / 0.2, 1.0))};
}
/// Both together, the noise geometrically.
CorruptionLevel noise_and_blur(double t) { return {2.25 * t, 0.01 * std::pow(10, t)}; }

SoftDiffusion blurring(CorruptionSchedule schedule = noise_and_blur) {
  return {corruption_named("blur", tiny_item), std::move(schedule)};
}

/// The W2 error of a sampler that starts from the exact p_1, at eps = 0: it should come to p_0,
/// which carries the noise sigma_0.
double sampling_error(const SoftDiffusion& soft, const std::string& sampler, double k, int steps) {
  const GaussianTruth truth(smooth_images(), soft);
  const Denoiser h = truth.denoiser();
  const auto method = make_soft_sampler(sampler, soft, h, k);
  const SampledGaussian out =
      sample_gaussian(*method, h, truth.marginal(1), tiny_item,
                      {.steps = steps, .eps = 0, .denoise = false, .observe = {}, .progress = {}});
  return std::sqrt(frechet_distance(out.result, truth.marginal(0)));
}

/// Kalman's updates of GaussianMixture::posterior know the conditional mean by another way.
TEST(GaussianTruth, AgreesWithThePosteriorOfAMixture) {
  const SoftDiffusion soft = blurring();
  const Gaussian data = smooth_images();
  const GaussianTruth truth(data, soft);
  const GaussianMixture mixture = GaussianMixture::full({1}, {data.mean}, {data.covariance});
  for (const double t : {0.0, 0.4, 1.0}) {
    const Tensor x = random_normal({1, 4, 4, 1}, {3}) * 0.3 + 0.4;
    const std::vector<Real> values = x.to_host(), h = truth.denoiser()(x, {t}).to_host();
    const std::vector<double> expected =
        mixture.posterior(corruption_matrix(soft, t), {values.begin(), values.end()}, soft.sigma(t))
            .mean();
    for (std::size_t i = 0; i < 16; ++i)
      EXPECT_NEAR(h[i], expected[i], sampler_in_double ? 1e-11 : 2e-5) << t;
  }
}

/// The score is the gradient of log N(C m, V): by central differences of the density in double.
TEST(GaussianTruth, ScoreIsTheGradientOfTheMarginal) {
  const SoftDiffusion soft = blurring();
  const GaussianTruth truth(smooth_images(), soft);
  const Gaussian p = truth.marginal(0.6);
  const GaussianMixture marginal = GaussianMixture::full({1}, {p.mean}, {p.covariance});
  const Tensor x = random_normal({1, 16}, {4}) * 0.3 + 0.4;
  const VeSde tiny_noise(1e-9, 1e-8);  // the mixture's own score, almost without more noise
  const Tensor expected = marginal.score(tiny_noise)(x, {0});
  const Tensor score = score_of(soft, truth.denoiser())(reshape(x, {1, 4, 4, 1}), {0.6});
  const double scale = std::sqrt(sum_squares(expected));
  EXPECT_LT(std::sqrt(sum_squares(reshape(score, {1, 16}) - expected)),
            (sampler_in_double ? 1e-9 : 1e-4) * scale);
}

/// Moments without draws are those of draws: 4,000 samples of the momentum sampler, each entry
/// within 5 standard errors (150 entries).
TEST(GaussianSampling, PredictsWhatSamplesShow) {
  const SoftDiffusion soft = blurring();
  const GaussianTruth truth(smooth_images(), soft);
  const Denoiser h = truth.denoiser();
  const MomentumSampler momentum(soft, h);
  const SoftSamplingOptions options = {.steps = 8, .eps = 0.1, .denoise = false};
  const Gaussian start{std::vector<double>(16, 0.2),
                       dense::plus_diagonal(std::vector<double>(256, 0.0), 0.04, 16)};
  const SampledGaussian predicted = sample_gaussian(momentum, h, start, tiny_item, options);
  const Index N = 4000;
  const NoiseSource noise = random_noise({N, 4, 4, 1}, 5);
  const Tensor x_1 = noise(Purpose::prior, 0, 0) * 0.2 + 0.2;
  const Tensor x = soft_sample(momentum, h, x_1, noise, options).x;
  const FeatureMoments found = feature_moments(reshape(x, {N, 16}));
  const auto& [mean, covariance] = predicted.result;
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_LT(std::abs(found.mean[i] - mean[i]), 5 * std::sqrt(covariance[i * 17] / N));
    for (std::size_t j = 0; j <= i; ++j) {
      const double v =
          covariance[i * 17] * covariance[j * 17] + std::pow(covariance[i * 16 + j], 2);
      EXPECT_LT(std::abs(found.covariance[i * 16 + j] - covariance[i * 16 + j]),
                5 * std::sqrt(v / N));
    }
  }
}

/// The paper's claim: with C = I the momentum sampler is reverse diffusion under VE, and so is its
/// flow; the whole loop, its last denoising included. Each step does the same arithmetic in another
/// order: an error of a few roundings of |x| <= 4 sigma_max in each of 20 steps.
TEST(MomentumSampler, IsReverseDiffusionForTheIdentity) {
  const VeSde ve(0.01, 5);
  const SoftDiffusion soft(corruption_named("identity", tiny_item), [&](double t) {
    return CorruptionLevel{0, ve.std(t)};
  });
  const Gaussian data = smooth_images();
  const Score score = GaussianMixture::full({1}, {data.mean}, {data.covariance}).score(ve);
  const Denoiser h = [&](const Tensor& x, const Times& t) {
    return denoised(ve, x, t, score(x, t));
  };
  const NoiseSource noise = random_noise({8, 4, 4, 1}, 6);
  const Tensor x_1 = noise(Purpose::prior, 0, 0) * ve.prior_std();
  for (const bool flow : {false, true}) {
    const ReverseDiffusion reverse({ve, score, flow});
    // Without the last step to the data, in which the flow of reverse diffusion removes half of the
    // noise and the loop of soft diffusion all of it.
    const Tensor x = soft_sample(MomentumSampler(soft, h, flow), h, x_1, noise,
                                 {.steps = 20, .eps = 1e-3, .denoise = !flow})
                         .x;
    Tensor last;
    predictor_corrector(
        ve, &reverse, nullptr, noise,
        {.steps = 20, .eps = 1e-3, .denoise = true, .observe = [&](const Observation& seen) {
           if (seen.step == 18 && flow) last = seen.state.x;
           if (seen.step == 19 && !flow) last = seen.state.mean;
         }});
    const double rounding = sampler_in_double ? 1e-16 : 6e-8;
    EXPECT_LT(max(abs(x - last)).item(), 20 * 4 * 20 * rounding) << flow;
  }
}

/// k = 1 is the naive sampler, k = 0 keeps all of the noise that it expects.
TEST(SoftDdim, GoesFromTheNaiveSamplerToADeterministicOne) {
  const SoftDiffusion soft = blurring();
  const GaussianTruth truth(smooth_images(), soft);
  const Denoiser h = truth.denoiser();
  const Tensor x = random_normal({3, 4, 4, 1}, {7}), z = random_normal({3, 4, 4, 1}, {8});
  const Times t(3, 0.8), s(3, 0.5);
  const Update naive = NaiveSampler(soft, h).step(x, t, s, z);
  const Update fresh = SoftDdim(soft, h, 1).step(x, t, s, z);
  EXPECT_EQ(fresh.x.to_host(), naive.x.to_host());
  const Update kept = SoftDdim(soft, h).step(x, t, s, z);
  EXPECT_EQ(kept.x.to_host(), kept.mean.to_host());
  test::expect_error([&] { SoftDdim(soft, h, 1.5); }, {"k from 0 to 1"});
}

/// The order of convergence: each halving of the step halves the error of a method of first order.
/// The ratio is in [1.85, 2.15] where the asymptotic law holds: the next order's share is then at
/// most the error's own relative size, below 7 %.
TEST(SoftSamplers, ConvergeToTheTruthWithFirstOrder) {
  for (const auto& schedule :
       {CorruptionSchedule(noise_and_blur), CorruptionSchedule(noise_then_blur)}) {
    const SoftDiffusion soft = blurring(schedule);
    for (const char* sampler : {"momentum", "momentum_flow", "ddim", "ddim_flow"}) {
      const double coarse = sampling_error(soft, sampler, 0, 161),
                   fine = sampling_error(soft, sampler, 0, 321);
      RecordProperty(text(sampler, "_", static_cast<int>(schedule(0.1).parameter * 1000)),
                     text(coarse, " ", fine));
      EXPECT_GT(coarse / fine, 1.85) << sampler << " " << coarse << " " << fine;
      EXPECT_LT(coarse / fine, 2.15) << sampler << " " << coarse << " " << fine;
    }
  }
}

/// All noise fresh at every step: more steps do not help, they harm.
TEST(NaiveSampler, DoesNotConverge) {
  const SoftDiffusion soft = blurring();
  const double few = sampling_error(soft, "naive", 0, 41),
               many = sampling_error(soft, "naive", 0, 321);
  EXPECT_GT(many, few / 2);
  EXPECT_GT(many, 20 * sampling_error(soft, "momentum", 0, 321));
}

/// With C = I, weight 1/sigma^2 and half sums, soft score matching is denoising score matching.
TEST(SoftScoreMatching, IsDenoisingScoreMatchingForTheIdentity) {
  const VeSde ve(0.01, 5);
  const SoftDiffusion soft(corruption_named("identity", tiny_item), [&](double t) {
    return CorruptionLevel{0, ve.std(t)};
  });
  const Denoiser h = [](const Tensor& x, const Times&) { return tanh(x) * 0.3; };
  const Tensor x_0 = random_normal({5, 4, 4, 1}, {9}), eta = random_normal({5, 4, 4, 1}, {10});
  const Times t = {0.1, 0.3, 0.5, 0.8, 1};
  const Loss soft_loss =
      soft_score_matching_loss(soft, h, x_0, t, eta, {.reduction = Reduction::half_sum});
  const Loss denoising =
      denoising_loss(ve, score_of(soft, h), x_0, t, eta, {.reduction = Reduction::half_sum});
  const std::vector<Real> a = soft_loss.per_example.to_host(), b = denoising.per_example.to_host();
  for (std::size_t n = 0; n < 5; ++n)
    EXPECT_NEAR(a[n], b[n], (sampler_in_double ? 1e-12 : 1e-4) * b[n]);
}

TEST(SoftSamplers, BadInputIsExplained) {
  const SoftDiffusion soft = blurring([](double t) { return CorruptionLevel{0, 1 - t / 2}; });
  const Denoiser h = [](const Tensor& x, const Times&) { return x; };
  const Tensor x = Tensor::zeros({1, 4, 4, 1});
  test::expect_error([&] { make_soft_sampler("heun", soft, h); }, {"momentum", "heun"});
  test::expect_error([&] { MomentumSampler(soft, h).step(x, {0.8}, {0.4}, x); },
                     {"must not grow", "0.8"});
  test::expect_error([&] { soft_sample(MomentumSampler(soft, h), h, x, {}, {.steps = 1}); },
                     {"2 steps"});
}

}  // namespace
}  // namespace ito
