// Soft score matching learns the score that is known in closed form; priors; nothing is cheaper
// than what the data say.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "diffusion/mixture.h"
#include "diffusion/objectives/draws.h"
#include "diffusion/soft/dense.h"
#include "diffusion/soft/gaussian_sampling.h"
#include "diffusion/soft/soft_bench.h"
#include "diffusion/soft/soft_prior.h"
#include "diffusion/soft/soft_score_matching.h"
#include "diffusion/symmetric_eigen.h"
#include "engine/autograd.h"
#include "nn/adam.h"
#include "nn/ema.h"
#include "nn/networks/mlp.h"
#include "tests/errors.h"

namespace ito {
namespace {

const Shape learned_item = {3, 3, 1};
constexpr Index learned_D = 9;

/// Smooth random images of 3 x 3.
Gaussian learned_data() {
  Gaussian data{std::vector<double>(learned_D, 0.4), {}};
  for (Index i = 0; i < learned_D; ++i)
    for (Index j = 0; j < learned_D; ++j)
      data.covariance.push_back(0.2 * std::exp(-std::hypot(static_cast<double>(i / 3 - j / 3),
                                                           static_cast<double>(i % 3 - j % 3))));
  return data;
}

Tensor draw_images(Index n, std::uint32_t step) {
  const Gaussian data = learned_data();
  const GaussianMixture p = GaussianMixture::full({1}, {data.mean}, {data.covariance});
  return reshape(p.sample(n, {.seed = 4, .purpose = Purpose::order, .step = step}), {n, 3, 3, 1});
}

SoftDiffusion learned_diffusion() {
  return {corruption_named("blur:3,1.5", learned_item), [](double t) {
            return CorruptionLevel{1.5 * t, 0.05 * std::pow(6, t)};
          }};
}

/// h = x A + b by the minimum of the loss, by conjugate gradients. The loss is quadratic: its
/// Hessian takes p to the gradient at p less that at 0.
class LinearDenoiser {
 public:
  Denoiser denoiser() const {
    return [this](const Tensor& x, const Times&) {
      return reshape(matmul(reshape(x, {x.size(0), learned_D}), A_) + b_, x.shape());
    };
  }

  void minimise(const std::function<Tensor(const Denoiser&)>& loss, int iterations) {
    std::vector<double> w(weights, 0.0);
    const std::vector<double> at_0 = gradient(loss, w);
    std::vector<double> g = at_0, p = g;
    for (double& value : p) value = -value;
    for (int k = 0; k < iterations && dot(g, g) > 0; ++k) {
      const double gg = dot(g, g), length = std::sqrt(dot(p, p));
      std::vector<double> Hp = gradient(loss, scaled(p, 1 / length));
      for (std::size_t i = 0; i < weights; ++i) Hp[i] = (Hp[i] - at_0[i]) * length;
      const double alpha = gg / dot(p, Hp);
      for (std::size_t i = 0; i < weights; ++i) {
        w[i] += alpha * p[i];
        g[i] += alpha * Hp[i];
      }
      const double beta = dot(g, g) / gg;
      for (std::size_t i = 0; i < weights; ++i) p[i] = beta * p[i] - g[i];
    }
    set(w);
  }

 private:
  static constexpr std::size_t weights = learned_D * learned_D + learned_D;

  static double dot(const std::vector<double>& u, const std::vector<double>& v) {
    return std::inner_product(u.begin(), u.end(), v.begin(), 0.0);
  }
  static std::vector<double> scaled(std::vector<double> v, double factor) {
    for (double& value : v) value *= factor;
    return v;
  }
  void set(const std::vector<double>& w) {
    const auto split = w.begin() + learned_D * learned_D;
    A_ = Tensor({learned_D, learned_D}, std::vector<Real>(w.begin(), split));
    b_ = Tensor({learned_D}, std::vector<Real>(split, w.end()));
  }
  std::vector<double> gradient(const std::function<Tensor(const Denoiser&)>& loss,
                               const std::vector<double>& w) {
    const RecordingScope on(true);
    set(w);
    A_.require_grad();
    b_.require_grad();
    std::vector<double> all;
    for (const Tensor& part : grad(loss(denoiser()), {A_, b_}))
      for (const Real value : part.to_host()) all.push_back(value);
    return all;
  }

  Tensor A_, b_;
};

/// A linear network trained on n examples at one time must be as near the score as n examples can
/// tell. Least squares with D + 1 inputs for each output leave an excess of (D + 1)/n times the
/// variance of the residual, here C_t (x_0 - E[x_0 | x_t]) with covariance P; its fluctuation is
/// that of chi-square with D + 1 degrees for each eigenvalue of P. The bound is z = 4 above.
TEST(SoftScoreMatching, LinearNetworkReachesTheScore) {
  const SoftDiffusion soft = learned_diffusion();
  const GaussianTruth truth(learned_data(), soft);
  const double t = 0.6, sigma = soft.sigma(t);
  const Index n = 4000;
  const Tensor x_0 = draw_images(n, 0), eta = random_normal(x_0.shape(), {5});
  const Times times(static_cast<std::size_t>(n), t);
  LinearDenoiser net;
  net.minimise(
      [&](const Denoiser& h) {
        return soft_score_matching_loss(soft, h, x_0, times, eta,
                                        {.weighting = SoftWeighting::uniform})
            .mean;
      },
      200);

  const std::size_t D = learned_D;
  const dense::Matrix C = corruption_matrix(soft, t), S = learned_data().covariance;
  const dense::Matrix CSC = dense::times(dense::times(C, S, D), dense::transposed(C, D), D);
  const dense::Matrix gain = dense::solve(dense::plus_diagonal(CSC, sigma * sigma, D), CSC, D);
  const dense::Matrix removed = dense::times(CSC, gain, D);
  dense::Matrix P = CSC;
  for (std::size_t i = 0; i < D * D; ++i) P[i] -= removed[i];
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j < i; ++j) P[i * D + j] = P[j * D + i];
  double variance = 0, squares = 0;
  for (const double value : symmetric_eigen(P, learned_D).values) {
    variance += value;
    squares += value * value;
  }
  const double expected = (D + 1.0) / n * variance;
  const double fluctuation = std::sqrt(2.0 / (D + 1) * squares) / variance;

  const NoGrad no_grad;
  const Tensor fresh = soft.perturb(draw_images(n, 1), times, random_normal(x_0.shape(), {6}));
  const Tensor error =
      score_of(soft, net.denoiser())(fresh, times) - score_of(soft, truth.denoiser())(fresh, times);
  const double excess = sum_squares(error) / n * std::pow(sigma, 4);
  RecordProperty("excess_over_expected", text(excess / expected));
  EXPECT_LT(excess / expected, 1 + 4 * fluctuation);
  EXPECT_GT(excess / expected, 1 - 4 * fluctuation);
}

/// One network for all times. What it has not learned, e(t) = sigma_t^2 E |s - s_net|^2, bounds
/// what its samples can be wrong by: by Girsanov's theorem KL <= int (sigma^2)' / 2 E |s - s_net|^2
/// dt = log(sigma_1 / sigma_0) int e(t) dt for the momentum sampler in the limit of small steps.
/// Required: less than 1/8 nat, so that (Pinsker) no event's probability is off by more than 1/4.
TEST(LearnsTheScore, OfASoftDiffusion) {
  const SoftDiffusion soft = learned_diffusion();
  const GaussianTruth truth(learned_data(), soft);
  nn::MlpConfig config;
  config.dimension = learned_D;
  config.width = 64;
  config.blocks = 1;
  nn::Mlp net(config);
  nn::initialise(net, 3);
  const auto denoiser_of = [](const nn::Mlp& network) -> Denoiser {
    return [h = network_denoiser(network, CleanPrediction::residual)](const Tensor& x,
                                                                      const Times& t) {
      return reshape(h(reshape(x, {x.size(0), learned_D}), t), x.shape());
    };
  };
  nn::AdamConfig optimiser;
  optimiser.learning_rate = 3e-3;
  optimiser.warmup = 50;
  nn::Adam adam(net.parameters(), optimiser);
  nn::Ema ema(net.parameters(), 0.995);
  std::vector<Tensor> weights;
  for (const nn::Parameter& p : net.parameters()) weights.push_back(*p.value);
  for (std::uint32_t step = 0; step < 1500; ++step) {
    const BatchAddress address = {7, step, 0};
    const Tensor x_0 = draw_images(256, 2 + step);
    const Times t = uniform_per_image(256, address.stream(Purpose::time));
    const Loss loss =
        soft_score_matching_loss(soft, denoiser_of(net), x_0, t, draw_noise(x_0.shape(), address));
    adam.step(grad(loss.mean, weights));
    ema.update();
  }
  const NoGrad no_grad;
  const nn::EmaScope averaged(ema);
  double unlearned = 0;
  for (int k = 0; k < 20; ++k) {
    const Times times(1000, (k + 0.5) / 20);
    const double sigma = soft.sigma(times[0]);
    const Tensor x = soft.perturb(draw_images(1000, 1), times, random_normal({1000, 3, 3, 1}, {8}));
    const Tensor error =
        score_of(soft, denoiser_of(net))(x, times) - score_of(soft, truth.denoiser())(x, times);
    unlearned += sigma * sigma * sum_squares(error) / 1000 / 20;
  }
  const double nats = std::log(soft.sigma(1) / soft.sigma(0)) * unlearned;
  RecordProperty("nats", text(nats));
  EXPECT_LT(nats, 0.125);
}

/// Where the images are the model's own, c u + nothing, the fit finds c and u, and the distance is
/// that of the estimate from 500 images.
TEST(SoftPrior, FindsTheShapeAndTheColours) {
  const Shape item = {4, 5, 3};
  const SoftDiffusion soft(corruption_named("blur:4,3", item), [](double t) {
    return CorruptionLevel{3 * t, 0.1};
  });
  const Tensor colours = random_normal({500, 1, 1, 3}, {9}) * 0.2 + Tensor({3}, {0.3, 0.5, 0.8});
  const Tensor x_0 = broadcast_to(colours, {500, 4, 5, 3});  // constant images
  const SoftPrior prior = fit_prior(soft, x_0);
  const Tensor u = slice(soft.corrupt(Tensor::full({1, 4, 5, 3}, 1), {1}), 3, 0, 1);
  const double peak = max(u).item();
  EXPECT_LT(max(abs(prior.shape - reshape(u, {4, 5}) / peak)).item(), 1e-5);
  const FeatureMoments expected = feature_moments(reshape(colours, {500, 3}) * peak);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(prior.colour_mean[i], expected.mean[i], 1e-5);
  for (std::size_t i = 0; i < 9; ++i)
    EXPECT_NEAR(prior.colour_covariance[i], expected.covariance[i], 1e-5);
  // frechet_distance is accurate to 1e-7 of the trace, about 0.5
  EXPECT_LT(prior_error(prior, soft, x_0).wasserstein, std::sqrt(1e-7 * 2) + 1e-4);
  EXPECT_GT(prior_error(fit_prior(soft, x_0, PriorShape::constant), soft, x_0).wasserstein, 1);
}

/// Samples have the moments that in_coordinates says: 20,000 samples, z = 5.
TEST(SoftPrior, SamplesAreWhatItSays) {
  SoftPrior prior{Tensor({1, 2}, {1, 0.5}), {0.2, -0.3}, {0.5, 0.2, 0.2, 0.4}, 0.1};
  const dense::Matrix I = dense::plus_diagonal(std::vector<double>(16, 0.0), 1, 4);
  const Gaussian says = prior.in_coordinates(I);
  const Index n = 20000;
  const Tensor x = prior.sample(random_noise({n, 1, 2, 2}, 3));
  const FeatureMoments found = feature_moments(reshape(x, {n, 4}));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_LT(std::abs(found.mean[i] - says.mean[i]), 5 * std::sqrt(says.covariance[i * 5] / n));
    for (std::size_t j = 0; j < 4; ++j) {
      const double v =
          says.covariance[i * 5] * says.covariance[j * 5] + std::pow(says.covariance[i * 4 + j], 2);
      EXPECT_LT(std::abs(found.covariance[i * 4 + j] - says.covariance[i * 4 + j]),
                5 * std::sqrt(v / n));
    }
  }
}

/// The distance in the span of some of the images is that in all coordinates: 16 x 17 pixels, of
/// which 20 images span 20 dimensions.
TEST(SoftPrior, DistanceInTheSpanIsTheWholeDistance) {
  const Shape item = {16, 17, 1};
  const SoftDiffusion soft(corruption_named("identity", item), [](double) {
    return CorruptionLevel{0, 0.2};
  });
  const Tensor x_0 = random_normal({20, 16, 17, 1}, {10});
  const SoftPrior prior = fit_prior(soft, x_0);
  const std::size_t D = 272;
  FeatureMoments truth = feature_moments(reshape(x_0, {20, 272}));
  truth.covariance = dense::plus_diagonal(truth.covariance, 0.04, D);
  const Gaussian whole =
      prior.in_coordinates(dense::plus_diagonal(std::vector<double>(D * D, 0.0), 1, D));
  const PriorError error = prior_error(prior, soft, x_0);
  EXPECT_NEAR(error.wasserstein, std::sqrt(frechet_distance(truth, whole)), 1e-4 * error.spread);
}

/// Behind a mask that hides everything the prior is noise alone.
TEST(SoftPrior, IsNoiseWhereNothingIsLeft) {
  const Shape item = {4, 4, 1};
  const SoftDiffusion soft(corruption_named("mask", item), [](double t) {
    return CorruptionLevel{t, 0.3};
  });
  const Tensor x_0 = random_uniform({10, 4, 4, 1}, {11});
  const SoftPrior prior = fit_prior(soft, x_0);
  const PriorError error = prior_error(prior, soft, x_0);
  EXPECT_EQ(error.wasserstein, 0);
  EXPECT_DOUBLE_EQ(error.spread, 0.3 * 4);  // of 16 pixels
  const NoiseSource noise = random_noise({3, 4, 4, 1}, 5);
  EXPECT_EQ(prior.sample(noise).to_host(), (noise(Purpose::prior, 0, 0) * 0.3).to_host());
  test::expect_error([&] { fit_prior(soft, Tensor::zeros({10, 16})); }, {"[n, H, W, C]"});
}

/// The bench on small images: what is claimed of the methods' limits.
TEST(SoftBench, TellsConsistentSamplersFromOthers) {
  const Shape item = {4, 4, 1};
  Gaussian data{std::vector<double>(16, 0.5), std::vector<double>(256)};
  for (std::size_t i = 0; i < 16; ++i)
    for (std::size_t j = 0; j < 16; ++j)
      data.covariance[i * 16 + j] =
          0.1 * std::exp(-std::hypot(static_cast<double>(i / 4) - static_cast<double>(j / 4),
                                     static_cast<double>(i % 4) - static_cast<double>(j % 4)) /
                         2);
  const SoftBench bench = bench_soft(data, soft_bench_problems(item), {80, 160});
  const auto limit = [&](const std::string& problem, const std::string& sampler) {
    std::vector<double> found;
    for (const SoftBenchPoint& p : bench.points)
      if (p.problem == problem && p.sampler == sampler) found.push_back(p.wasserstein);
    return (2 * found.at(1) - found.at(0)) / bench.spread;
  };
  // Exact in the limit: what Richardson's extrapolation leaves is of second order.
  for (const char* sampler : {"momentum", "momentum flow", "ddim k=0", "ddim_flow k=0"})
    for (const char* problem : {"blur, noise first", "blur and noise together"})
      EXPECT_LT(std::abs(limit(problem, sampler)), 2e-3) << problem << " " << sampler;
  // Not so: all noise fresh; and a mask's jumps, over which nothing flows.
  EXPECT_GT(limit("blur, noise first", "naive"), 0.1);
  EXPECT_GT(limit("mask, noise first", "momentum"), 0.1);
  EXPECT_NE(soft_bench_table(bench).find("fading mask"), std::string::npos);
}

}  // namespace
}  // namespace ito
