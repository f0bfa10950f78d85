#include "bench/workload.h"

#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "diffusion/score.h"
#include "engine/autograd.h"
#include "kernels/backend.h"
#include "nn/device.h"

namespace ito::bench {
namespace {

Shape batch_shape(const TrainingConfig& config, Index batch) {
  Shape shape = item_shape(config.model);
  shape.insert(shape.begin(), batch);
  return shape;
}

ImageSet random_images(const TrainingConfig& config) {
  ImageSet set;
  set.count = 4 * config.batch.size;
  set.item = item_shape(config.model);
  set.source = "random images";
  const Tensor u = random_uniform(batch_shape(config, set.count), {.seed = 2});
  for (const Real value : u.to_host()) {
    set.pixels.push_back(static_cast<std::uint8_t>(256 * value));
  }
  return set;
}

TrainingConfig with_recompute(TrainingConfig config, bool recompute) {
  config.batch.recompute = recompute;
  return config;
}

}  // namespace

TrainingConfig training_config(const NetworkCase& network) {
  return config_from_json(nlohmann::json::parse(network.config));
}

void randomise(nn::Module& network) {
  nn::initialise(network, 1);
  std::uint32_t sub = 0;
  for (const nn::Parameter& p : network.parameters()) {
    ++sub;
    if (p.init.kind != nn::Init::Kind::uniform_variance_scaling || p.init.scale != 0) continue;
    const double mean_fan = 0.5 * static_cast<double>(p.init.fan_in + p.init.fan_out);
    const Tensor z = random_normal({1, p.value->elements()}, {.seed = 3, .sub = sub});
    p.value->assign((z * std::sqrt(1 / mean_fan)).with_shape(p.value->shape()));
  }
}

std::unique_ptr<nn::ScoreNetwork> random_network(const TrainingConfig& config) {
  auto network = make_network(config.model);
  randomise(*network);
  return network;
}

SamplingWork::SamplingWork(const NetworkCase& network, Index batch, Device device)
    : config_(training_config(network)),
      network_(random_network(config_)),
      sde_(make_sde(config_.sde)) {
  nn::move(*network_, device);
  const Index N = batch > 0 ? batch : config_.batch.size;
  x_ = random_normal(batch_shape(config_, N), {.seed = 4}, device);
  t_.assign(static_cast<std::size_t>(N), 0.5);
}

void SamplingWork::step() {
  const NoGrad no_grad;
  network_score(*network_, *sde_)(x_, t_);
}

TrainingWork::TrainingWork(const NetworkCase& network, bool recompute, Device device)
    : images_(random_images(training_config(network))),
      trainer_(with_recompute(training_config(network), recompute), images_, device) {
  randomise(trainer_.network());
}

void TrainingWork::step() { trainer_.step(); }

double milliseconds(const std::function<void()>& f, Device device) {
  if (device == Device::cuda) return kernels::cuda_backend().time(f);
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

Device device_named(const std::string& name) {
  if (name != "cpu" && name != "cuda") fail("device", "expected cpu or cuda, got ", name);
  return name == "cpu" ? Device::cpu : Device::cuda;
}

double peak_resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  }
  return 0;
}

}  // namespace ito::bench
