// Training, sampling and checkpoints with a network on the CUDA device, against the CPU.

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "diffusion/data/digits.h"
#include "diffusion/likelihood/flow_density.h"
#include "diffusion/ode/probability_flow.h"
#include "diffusion/training/sampling.h"
#include "diffusion/training/trained_model.h"
#include "diffusion/training/trainer.h"
#include "nn/device.h"
#include "tests/cuda/device.h"
#include "tests/files.h"

namespace ito::test {
namespace {

class CudaTraining : public OnDevice {};

/// A DDPM U-Net of two levels, with attention and dropout, on 8x8 digits.
TrainingConfig small_network() {
  return config_from_json({{"model",
                            {{"image_size", 8},
                             {"channels", 1},
                             {"width", 8},
                             {"multipliers", {1, 1}},
                             {"blocks", 1},
                             {"attention", {4}},
                             {"dropout", 0.1},
                             {"group_rule", "quarter"}}},
                           {"data", {{"flip", true}}},
                           {"optimiser", {{"learning_rate", 1e-3}, {"warmup", 2}}},
                           {"batch", {{"size", 4}}},
                           {"seed", 3}});
}

const ImageSet& images() {
  static const ImageSet set = digits();
  return set;
}

std::vector<Real> averages_of(Trainer& trainer) {
  std::vector<Real> all;
  for (const Tensor& average : trainer.ema().averages()) {
    for (const Real value : average.to_host()) all.push_back(value);
  }
  return all;
}

// The first step differs by the rounding of a network of some 20 layers; later ones also by what
// Adam makes of it, whose steps are as large for a gradient that is all rounding as for any.
TEST_F(CudaTraining, LossesAreTheCpus) {
  Trainer cpu(small_network(), images()), cuda(small_network(), images(), Device::cuda);
  EXPECT_EQ(nn::device_of(cuda.network()), Device::cuda);
  for (int step = 0; step < 3; ++step) {
    const StepReport expected = cpu.step(), got = cuda.step();
    const double tolerance = (sizeof(Real) == 4 ? 1e-5 : 1e-12) * (step == 0 ? 1 : 10);
    EXPECT_NEAR(got.loss, expected.loss, tolerance * expected.loss) << "step " << step + 1;
    EXPECT_NEAR(got.gradient_norm, expected.gradient_norm, tolerance * expected.gradient_norm);
  }
}

TEST_F(CudaTraining, SamplesAreTheCpus) {
  const TrainingConfig config = small_network();
  Trainer cpu(config, images()), cuda(config, images(), Device::cuda);
  const auto sde = make_sde(config.sde);
  SamplingConfig sampling = config.sampling;
  sampling.steps = 2;
  sampling.corrector = "langevin";
  for (const char* sampler : {"pc", "ode"}) {
    SCOPED_TRACE(sampler);
    sampling.sampler = sampler;
    if (sampling.sampler == "ode") sampling.corrector = "none", sampling.tolerance = 0.1;
    SampleRange range = {.seed = 1, .first = 0, .count = 2, .batch = 2};
    const auto draw = [&](Trainer& trainer) {
      const Score score = network_score(trainer.network(), *sde, labels_of(config.objective));
      return draw_samples(*sde, score, {8, 8, 1}, sampling, range).x;
    };
    const std::vector<Real> expected = draw(cpu).to_host();
    range.device = Device::cuda;
    const Tensor x = draw(cuda);
    EXPECT_EQ(x.device(), Device::cuda);
    const std::vector<Real> got = x.to_host();
    double size = 1;
    for (const Real value : expected) size = std::max(size, std::fabs(static_cast<double>(value)));
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], expected[i], size * (sizeof(Real) == 4 ? 1e-5 : 1e-12)) << i;
    }
  }
}

// The drift and the divergence that likelihoods integrate: one evaluation and one vector-Jacobian
// product, on states that are the host's.
TEST_F(CudaTraining, DriftAndDivergenceAreTheCpus) {
  const TrainingConfig config = small_network();
  const auto sde = make_sde(config.sde);
  const Tensor x = random_normal({2, 8, 8, 1}, {.seed = 2});
  std::vector<FlowDerivative> results;
  for (const Device device : {Device::cpu, Device::cuda}) {
    Trainer trainer(config, images(), device);
    const Score score = network_score(trainer.network(), *sde, labels_of(config.objective));
    const Tensor probe = draw_probes(ProbeType::rademacher, x.shape(), 1, 4)[0].to(device);
    results.push_back(
        flow_derivative(*sde, score, rows_of_batch(x), {8, 8, 1}, {0.3, 0.8}, {probe}, device));
  }
  const double tolerance = sizeof(Real) == 4 ? 1e-4 : 1e-11;  // sums over 64 pixels of size 10
  for (std::size_t i = 0; i < results[0].drift.size(); ++i) {
    ASSERT_NEAR(results[1].drift[i], results[0].drift[i], tolerance) << i;
  }
  for (std::size_t n = 0; n < 2; ++n) {
    EXPECT_NEAR(results[1].divergence[n], results[0].divergence[n], 64 * tolerance) << n;
  }
}

TEST_F(CudaTraining, CheckpointsGoToAnyDevice) {
  const TempFolder folder;
  const std::string path = folder / "checkpoint.safetensors";
  Trainer trained(small_network(), images(), Device::cuda);
  trained.step();
  write_checkpoint(path, trained, Overwrite::no);
  const Checkpoint checkpoint = read_checkpoint(path);
  for (const Device device : {Device::cpu, Device::cuda}) {
    Trainer restored(small_network(), images(), device);
    restore(restored, checkpoint);
    EXPECT_EQ(averages_of(restored), averages_of(trained));
    EXPECT_EQ(restored.steps_done(), 1);
    const TrainedModel model(checkpoint, Weights::averaged, device);
    EXPECT_EQ(nn::device_of(model.network()), device);
  }
}

}  // namespace
}  // namespace ito::test
