// Losses and samplers against the published implementation, on its own draws and network.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "diffusion/objectives/ddpm.h"
#include "diffusion/objectives/denoising.h"
#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/score.h"
#include "engine/autograd.h"
#include "engine/safetensors.h"
#include "nn/networks/ddpm.h"
#include "nn/networks/ddpm_published.h"

namespace ito {
namespace {

SafeTensors read(const std::string& name) {
  return read_safetensors(std::string(ITO_TEST_DATA) + "/" + name + ".safetensors");
}

/// [N, C, H, W] -> [N, H, W, C].
Tensor image(const SafeTensors& file, const std::string& name) {
  return permute(file.tensor(name), {0, 2, 3, 1});
}

/// The published network of net_ddpm.safetensors.
std::unique_ptr<nn::Ddpm> network() {
  SafeTensors file = read("net_ddpm");
  nn::DdpmConfig config =
      nn::ddpm_config_from_published(nlohmann::json::parse(file.meta("config")));
  auto net = std::make_unique<nn::Ddpm>(config);
  nn::TensorMap parameters;
  for (const auto& [name, stored] : file.tensors)
    if (name.starts_with("param.")) parameters[name.substr(6)] = file.tensor(name);
  nn::load_published(*net, nn::ddpm_published_names(config), parameters);
  return net;
}

/// 1e-4 of the largest value: 10 times what a float32 evaluation of this network is off by.
void expect_near(const Tensor& actual, const Tensor& expected, const std::string& what) {
  ASSERT_EQ(actual.shape(), expected.shape()) << what;
  std::vector<Real> a = actual.to_host(), e = expected.to_host();
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(e[i])));
    error = std::max(error, std::abs(static_cast<double>(a[i]) - static_cast<double>(e[i])));
  }
  EXPECT_LT(error, 1e-4 * largest) << what;
}

/// Norm of the gradient over all parameters.
double gradient_norm(const nn::Module& net, const Tensor& loss) {
  std::vector<Tensor> parameters;
  for (const nn::Parameter& p : net.parameters()) parameters.push_back(*p.value);
  double total = 0;
  for (const Tensor& g : grad(loss, parameters)) total += sum_squares(g);
  return std::sqrt(total);
}

TEST(Published, ContinuousLosses) {
  SafeTensors file = read("loss_vp_ddpm");
  auto net = network();
  VpSde sde;
  Score score = network_score(*net, sde);
  const auto& times = file.at("in.t").values;
  Times t(times.begin(), times.end());
  for (bool likelihood : {false, true})
    for (bool mean : {false, true}) {
      std::string name = text("lw", likelihood, ".rm", mean);
      Loss loss = denoising_loss(sde, score, image(file, "in.batch"), t, image(file, "in.z"),
                                 {likelihood ? Weighting::likelihood : Weighting::variance,
                                  mean ? Reduction::mean : Reduction::half_sum});
      expect_near(loss.per_example, file.tensor("out.per_example." + name), name);
      expect_near(reshape(loss.mean, {1}), file.tensor("out.loss." + name), name);
      double norm = file.tensor("out.gradnorm." + name).item();
      EXPECT_NEAR(gradient_norm(*net, loss.mean) / norm, 1, 1e-4) << name;
    }
}

TEST(Published, DdpmLosses) {
  SafeTensors file = read("loss_ddpm");
  auto net = network();
  for (bool mean : {false, true}) {
    std::string name = text("rm", mean);
    Loss loss = ddpm_loss(VpSde(), *net, image(file, "in.batch"), file.at("in.labels").integers,
                          image(file, "in.z"), mean ? Reduction::mean : Reduction::half_sum);
    expect_near(reshape(loss.mean, {1}), file.tensor("out.loss." + name), name);
    double norm = file.tensor("out.gradnorm." + name).item();
    EXPECT_NEAR(gradient_norm(*net, loss.mean) / norm, 1, 1e-4) << name;
  }
}

/// Draw or state `i` of a list [K, N, C, H, W].
Tensor entry(const SafeTensors& file, const std::string& name, Index i) {
  Tensor all = file.tensor(name);
  Shape one(all.shape().begin() + 1, all.shape().end());
  return permute(reshape(slice(all, 0, i, i + 1), one), {0, 2, 3, 1});
}

struct Pair {
  const char *name, *predictor, *corrector;
};

class PublishedSampler : public testing::TestWithParam<Pair> {};

TEST_P(PublishedSampler, FollowsEveryState) {
  SafeTensors file = read("sampler_pc_vp_discrete_ddpm");
  auto net = network();
  VpSde sde({0.1, 6}, 10);
  Score score = network_score(*net, sde, Labels::discrete);
  auto predictor = make_predictor(GetParam().predictor, {sde, score}, StepSize::published);
  auto corrector =
      make_corrector(GetParam().corrector, sde, score, 0.16, LangevinNorms::batch_mean);
  std::vector<Tensor> draws;
  for (Index i = 0; i < file.at("noise").shape[0]; ++i) draws.push_back(entry(file, "noise", i));

  std::string prefix = GetParam().name;
  Index row = 0;
  PredictorCorrectorOptions options;
  options.steps = sde.N();
  options.observe = [&](const Observation& seen) {
    expect_near(seen.state.x, entry(file, prefix + ".x", row), text(prefix, " row ", row));
    ++row;
  };
  Samples samples =
      predictor_corrector(sde, predictor.get(), corrector.get(), replayed_noise(draws), options);
  EXPECT_EQ(row, file.at(prefix + ".x").shape[0]);
  Tensor unscaled = (samples.x + 1) * 0.5;
  expect_near(unscaled, image(file, prefix + ".sample"), prefix);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, PublishedSampler,
    testing::Values(Pair{"ancestral_sampling.none", "ancestral", "none"},
                    Pair{"reverse_diffusion.langevin", "reverse_diffusion", "langevin"},
                    Pair{"none.ald", "none", "ald"}),
    [](const auto& test) { return text(test.param.predictor, "_", test.param.corrector); });

}  // namespace
}  // namespace ito
