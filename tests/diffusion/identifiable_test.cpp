// Uniquely identifiable encoding (Song et al. 2021, section 4.3): the code of a point is a property
// of the data and the SDE, so that networks trained apart from each other agree on it.

#include <gtest/gtest.h>

#include "diffusion/latent/codes.h"
#include "diffusion/objectives/denoising.h"
#include "diffusion/objectives/draws.h"
#include "diffusion/score.h"
#include "diffusion/sde/vp.h"
#include "engine/autograd.h"
#include "nn/adam.h"
#include "nn/ema.h"
#include "nn/networks/mlp.h"
#include "tests/diffusion/statistics.h"

namespace ito {
namespace {

/// A small network that has learned a mixture: start, data and noise are those of `seed`.
std::unique_ptr<nn::Mlp> learned(const Sde& sde, const GaussianMixture& data, std::uint64_t seed) {
  constexpr Index batch = 128;
  constexpr std::uint32_t steps = 700;
  nn::MlpConfig config;
  config.width = 32;
  config.blocks = 2;
  auto net = std::make_unique<nn::Mlp>(config);
  initialise(*net, seed);
  nn::Adam adam(net->parameters(), {.learning_rate = 4e-3, .warmup = 50});
  nn::Ema ema(net->parameters(), 0.98);
  std::vector<Tensor> weights;
  for (const nn::Parameter& p : net->parameters()) weights.push_back(*p.value);
  const Score score = network_score(*net, sde);
  for (std::uint32_t step = 0; step < steps; ++step) {
    const BatchAddress address{seed, step, 0};
    const Tensor x_0 = data.sample(batch, address.stream(Purpose::order));
    const Loss loss = denoising_loss(sde, score, x_0, draw_times(sde, batch, address),
                                     draw_noise(x_0.shape(), address));
    adam.step(grad(loss.mean, weights));
    ema.update();
  }
  const std::vector<nn::Parameter> trained = net->parameters();
  for (std::size_t i = 0; i < trained.size(); ++i) trained[i].value->assign(ema.averages()[i]);
  return net;
}

/// Codes of one data set's points by two networks that learned it, by one that learned the data
/// mirrored, and by the exact score. How far codes are apart is their root mean square difference;
/// codes have a standard deviation of 1.
TEST(Identifiable, NetworksOfOneDataSetAgreeOnCodes) {
  const VpSde sde;
  const GaussianMixture data = test::three_modes();
  const auto mirrored =
      GaussianMixture::full({0.5, 0.3, 0.2}, {{-1.0, -0.5}, {1.0, -0.8}, {-0.2, 1.2}},
                            {{0.10, 0.06, 0.06, 0.08}, {0.06, 0, 0, 0.12}, {0.09, 0, 0, 0.05}});
  const Tensor x = data.sample(200, {.seed = 9});
  const auto codes = [&](const Score& score) {
    return encode(sde, score, x, {.eps = 1e-3, .batch = 200, .ode = {.rtol = 1e-4, .atol = 1e-4}})
        .x;
  };
  const auto one = learned(sde, data, 1), two = learned(sde, data, 2),
             other = learned(sde, mirrored, 3);
  const Tensor z_1 = codes(network_score(*one, sde)), z_2 = codes(network_score(*two, sde)),
               z_other = codes(network_score(*other, sde)), z = codes(data.score(sde));
  const double agreement = difference(z_1, z_2).rms;
  const double apart = std::min(difference(z_1, z_other).rms, difference(z_2, z_other).rms);
  std::cout << "codes of two networks of one data set differ by " << agreement
            << ", from those of another set's by " << apart << ", from the exact ones by "
            << difference(z_1, z).rms << " and " << difference(z_2, z).rms << "\n";
  // Unrelated codes of standard deviation 1 would differ by sqrt(2).
  EXPECT_LT(agreement, apart / 3);
  EXPECT_LT(std::max(difference(z_1, z).rms, difference(z_2, z).rms), apart / 3);
}

}  // namespace
}  // namespace ito
