// The whole path at its smallest: a perceptron trained by denoising score matching on a mixture in
// the plane learns the mixture's score, which is known.

#include <gtest/gtest.h>

#include "diffusion/objectives/denoising.h"
#include "diffusion/objectives/draws.h"
#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/score.h"
#include "diffusion/sde/vp.h"
#include "engine/autograd.h"
#include "nn/adam.h"
#include "nn/ema.h"
#include "nn/networks/mlp.h"
#include "tests/diffusion/statistics.h"

namespace ito {
namespace {

constexpr std::uint64_t seed = 1;

/// Trains `net` with a fresh batch of the mixture at every step; leaves the averaged parameters.
void train(nn::Mlp& net, const Sde& sde, const GaussianMixture& data, std::uint32_t steps) {
  constexpr Index batch = 256;
  initialise(net, seed);
  nn::AdamConfig config;
  config.learning_rate = 2e-3;
  config.warmup = 50;
  nn::Adam adam(net.parameters(), config);
  nn::Ema ema(net.parameters(), 0.99);
  std::vector<Tensor> parameters;
  for (const nn::Parameter& p : net.parameters()) parameters.push_back(*p.value);
  Score score = network_score(net, sde);
  for (std::uint32_t step = 0; step < steps; ++step) {
    BatchAddress address{seed, step, 0};
    Tensor x_0 = data.sample(batch, {seed, Purpose::order, step, 0, 0});
    Loss loss = denoising_loss(sde, score, x_0, draw_times(sde, batch, address),
                               draw_noise({batch, 2}, address));
    adam.step(grad(loss.mean, parameters));
    ema.update();
  }
  std::vector<nn::Parameter> trained = net.parameters();
  for (std::size_t i = 0; i < trained.size(); ++i) trained[i].value->assign(ema.averages()[i]);
}

/// E |s_net - s|^2 / E |s|^2 over p_t, from `N` samples.
double relative_error(const Score& learned, const Sde& sde, const GaussianMixture& data, double t) {
  NoGrad no_grad;
  constexpr Index N = 4000;
  Tensor x_0 = data.sample(N, {seed + 1, Purpose::noise, 0, 0, 0});
  Tensor z = random_normal({N, 2}, {seed + 1, Purpose::noise, 0, 2, 0});
  Times times(N, t);
  Tensor x = sde.perturb(x_0, times, z), exact = data.score(sde)(x, times);
  return sum_squares(learned(x, times) - exact) / sum_squares(exact);
}

/// The loss weights errors by std(t)^2, so that the relative error falls with t: what is learned
/// near the data, where std is 0.03, is the noise that a step removes, not the score to many
/// digits. The yardstick is the best that a single Gaussian (the data's mean and covariance) can
/// do: its error is what the modes are worth, and the network must know them at least 5 times
/// better. At t = 1 nearly nothing is left of the modes, and 2 % is what 1,500 small steps leave.
TEST(Training, LearnsTheScoreOfAMixture) {
  VpSde sde;
  GaussianMixture data = test::three_modes();
  auto single = GaussianMixture::full({1}, {data.mean()}, {data.covariance()});
  nn::MlpConfig config;
  config.width = 64;
  config.blocks = 2;
  nn::Mlp net(config);
  train(net, sde, data, 1500);
  Score learned = network_score(net, sde);
  for (double t : {0.05, 0.1, 0.2}) {
    double error = relative_error(learned, sde, data, t);
    double gaussian = relative_error(single.score(sde), sde, data, t);
    EXPECT_LT(error, gaussian / 5) << "t = " << t << ", a Gaussian " << gaussian;
  }
  EXPECT_LT(relative_error(learned, sde, data, 1), 0.02);

  // Samples drawn with it visit the modes as often as they should, up to the error of the score.
  auto predictor = make_predictor("ancestral", {sde, learned});
  PredictorCorrectorOptions options;
  options.steps = 200;
  constexpr Index N = 2000;
  Tensor x =
      predictor_corrector(sde, predictor.get(), nullptr, random_noise({N, 2}, seed), options).x;
  std::vector<double> weights(data.components().size(), 0);
  for (const auto& posterior : data.responsibilities(x))
    for (std::size_t k = 0; k < weights.size(); ++k) weights[k] += posterior[k] / N;
  for (std::size_t k = 0; k < weights.size(); ++k)
    EXPECT_NEAR(weights[k], data.components()[k].weight, 0.05);
}

}  // namespace
}  // namespace ito
