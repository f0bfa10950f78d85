// Adam and EMA against published numbers.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "nn/adam.h"
#include "nn/ema.h"
#include "reference.h"

namespace ito::test {
namespace {

// Every operation rounds by 2^-24 relative. Six Adam steps of size 0.05 on parameters of size 1 are
// some sixty operations; the bound leaves each a few times its share of the largest value.
constexpr double tolerance = 2e-6;

/// Two parameters, as every case has them.
struct Pair : nn::Module {
  Pair(const Tensor& first, const Tensor& second) {
    add_parameter("p0", p0, first.shape(), {});
    add_parameter("p1", p1, second.shape(), {});
    p0.assign(first);
    p1.assign(second);
  }
  Tensor p0, p1;
};

/// Row `step` of a stored history.
Tensor row(const SafeTensors& file, const std::string& name, Index step) {
  const Tensor history = file.tensor(name);
  Shape shape = history.shape();
  shape.erase(shape.begin());
  return reshape(slice(history, 0, step, step + 1), shape);
}

void expect_close(const Tensor& ours, const Tensor& stored, const std::string& what) {
  EXPECT_LE(difference(ours, stored), tolerance * largest(stored)) << what;
}

std::vector<std::pair<std::string, nlohmann::json>> cases(const SafeTensors& file,
                                                          const std::string& op) {
  std::vector<std::pair<std::string, nlohmann::json>> out;
  const nlohmann::json settings = nlohmann::json::parse(file.meta("settings"));
  for (const auto& [name, setting] : settings.items()) {
    if (setting.at("op") == op) out.emplace_back(name, setting);
  }
  return out;
}

nn::AdamConfig adam_config_of(const nlohmann::json& s) {
  return {.learning_rate = s.at("lr"),
          .beta1 = s.at("beta1"),
          .beta2 = s.at("beta2"),
          .eps = s.at("eps"),
          .weight_decay = s.at("weight_decay"),
          .warmup = s.at("warmup"),
          .clip = s.at("grad_clip")};
}

/// Gradient of sum a (p - b)^2 / 2.
Tensor quadratic_gradient(const SafeTensors& file, const std::string& name, int i,
                          const Tensor& p) {
  const NoGrad no_grad;
  return file.tensor(text(name, ".a", i)) * (p - file.tensor(text(name, ".b", i)));
}

void expect_optimizer(const SafeTensors& file, const std::string& name,
                      const nlohmann::json& setting) {
  Pair pair(file.tensor(name + ".init.p0"), file.tensor(name + ".init.p1"));
  nn::Adam adam(pair.parameters(), adam_config_of(setting));
  for (Index step = 0; step < setting.at("steps").get<Index>(); ++step) {
    SCOPED_TRACE(text(name, " step ", step));
    const Tensor g0 = quadratic_gradient(file, name, 0, pair.p0);
    const Tensor g1 = quadratic_gradient(file, name, 1, pair.p1);
    expect_close(g0, row(file, name + ".g0", step), "g0");
    expect_close(g1, row(file, name + ".g1", step), "g1");
    const nn::Adam::Report report = adam.step({g0, g1});
    const double lr = row(file, name + ".lr", step).item();
    const double norm = row(file, name + ".gradnorm", step).item();
    EXPECT_NEAR(report.learning_rate, lr, tolerance * lr);
    EXPECT_NEAR(report.gradient_norm, norm, tolerance * norm);
    expect_close(pair.p0, row(file, name + ".p0", step), "p0");
    expect_close(pair.p1, row(file, name + ".p1", step), "p1");
  }
  EXPECT_EQ(adam.state().step, setting.at("steps").get<Index>());
}

TEST(OptimReference, AdamWithWarmupClippingAndWeightDecay) {
  const SafeTensors file = reference("optim_ema");
  const auto optimizers = cases(file, "optimizer");
  EXPECT_EQ(optimizers.size(), 4U);
  for (const auto& [name, setting] : optimizers) expect_optimizer(file, name, setting);
}

void expect_ema(const SafeTensors& file, const std::string& name, const nlohmann::json& setting) {
  Pair pair(file.tensor(name + ".init.p0"), file.tensor(name + ".init.p1"));
  nn::Ema ema(pair.parameters(), setting.at("decay"), setting.at("use_num_updates"));
  for (Index step = 0; step < setting.at("updates").get<Index>(); ++step) {
    SCOPED_TRACE(text(name, " step ", step));
    pair.p0.assign(row(file, name + ".params.p0", step));
    pair.p1.assign(row(file, name + ".params.p1", step));
    ema.update();
    expect_close(ema.averages()[0], row(file, name + ".shadow.p0", step), "p0");
    expect_close(ema.averages()[1], row(file, name + ".shadow.p1", step), "p1");
  }
}

TEST(OptimReference, ExponentialMovingAverage) {
  const SafeTensors file = reference("optim_ema");
  const auto averages = cases(file, "ema");
  EXPECT_EQ(averages.size(), 3U);
  for (const auto& [name, setting] : averages) expect_ema(file, name, setting);
}

}  // namespace
}  // namespace ito::test
