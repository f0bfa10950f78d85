// Training, sampling and checkpoints with a network on the CUDA device, against the CPU.

#include <algorithm>
#include <cmath>
#include <limits>

#include "diffusion/data/digits.h"
#include "diffusion/likelihood/flow_density.h"
#include "diffusion/ode/probability_flow.h"
#include "diffusion/training/classifier_trainer.h"
#include "diffusion/training/sampling.h"
#include "diffusion/training/trained_model.h"
#include "diffusion/training/trainer.h"
#include "kernels/backend.h"
#include "nn/device.h"
#include "tests/cuda/device.h"
#include "tests/files.h"
#include "tests/small_training.h"

namespace ito::test {
namespace {

class CudaTraining : public OnDevice {};

TrainingConfig small_network() { return small_training(4); }

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

/// Moves every weight by a unit of roundoff or two, up and down in turn.
void move_by_roundoff(Trainer& trainer) {
  for (const nn::Parameter& p : trainer.adam().parameters()) {
    std::vector<Real> values = p.value->to_host();
    Real factor = 1 + std::numeric_limits<Real>::epsilon();
    for (Real& value : values) {
      value *= factor;
      factor = 2 - factor;
    }
    p.value->assign(values);
  }
}

// The device rounds otherwise than the CPU in each of some 20 layers, forwards and back. What one
// such change leads to, training itself tells: a second training on the CPU begins with weights
// that are moved by a roundoff. Some 40 such changes lie between the devices; they add up as the
// root of their number, with a factor of 2 for chance: 12 times. (Adam's steps are as large for a
// gradient that is all rounding as for any, so that no bound from roundoff alone holds for long.)
TEST_F(CudaTraining, LossesAreTheCpus) {
  const TrainingConfig config = small_training(8);
  Trainer cpu(config, images()), moved(config, images()), cuda(config, images(), Device::cuda);
  move_by_roundoff(moved);
  EXPECT_EQ(nn::device_of(cuda.network()), Device::cuda);
  double in_loss = std::numeric_limits<Real>::epsilon(), in_norm = in_loss;  // largest so far
  for (int step = 1; step <= 20; ++step) {
    SCOPED_TRACE(step);
    const StepReport expected = cpu.step(), other = moved.step(), got = cuda.step();
    in_loss = std::max(in_loss, std::fabs(other.loss / expected.loss - 1));
    in_norm = std::max(in_norm, std::fabs(other.gradient_norm / expected.gradient_norm - 1));
    EXPECT_LE(std::fabs(got.loss / expected.loss - 1), 12 * in_loss);
    EXPECT_LE(std::fabs(got.gradient_norm / expected.gradient_norm - 1), 12 * in_norm);
    EXPECT_LT(in_loss, sizeof(Real) == 4 ? 1e-4 : 1e-12);  // or nothing has been compared
  }
}

/// Notes the bytes of each copy between host and device that tensors make, until its scope ends.
class CopiesNoted {
 public:
  CopiesNoted() : device_(kernels::cuda_backend()), noting_(device_) {
    current_ = this;
    noting_.copy_from_host = [](void* block, const void* host, std::size_t bytes) {
      current_->to_device.push_back(bytes);
      current_->device_.copy_from_host(block, host, bytes);
    };
    noting_.copy_to_host = [](void* host, const void* block, std::size_t bytes) {
      current_->to_host.push_back(bytes);
      current_->device_.copy_to_host(host, block, bytes);
    };
    kernels::set_cuda_backend(&noting_);
  }
  ~CopiesNoted() { kernels::set_cuda_backend(&device_); }
  CopiesNoted(const CopiesNoted&) = delete;
  CopiesNoted& operator=(const CopiesNoted&) = delete;

  std::vector<std::size_t> to_device, to_host;

 private:
  const kernels::Backend& device_;
  kernels::Backend noting_;
  static inline CopiesNoted* current_ = nullptr;
};

// A step sends its images once, in one piece; what else it sends are numbers for each sample, and
// it waits for the loss and for the gradients' norms, of which it wants one number for each tensor.
TEST_F(CudaTraining, ABatchMovesOnce) {
  Trainer trainer(small_training(8), images(), Device::cuda);
  trainer.step();
  const CopiesNoted copies;
  trainer.step();
  const std::size_t batch = 8 * 64 * sizeof(Real);
  EXPECT_EQ(std::ranges::count(copies.to_device, batch), 1);
  std::size_t rest = 0;
  for (const std::size_t bytes : copies.to_device) rest += bytes == batch ? 0 : bytes;
  EXPECT_LT(rest, batch / 2);
  EXPECT_EQ(copies.to_host,
            (std::vector<std::size_t>{sizeof(Real),
                                      trainer.adam().parameters().size() * sizeof(double)}));
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

// A sample's bits depend neither on its batch nor on what is drawn with it.
TEST_F(CudaTraining, ASampleIsTheSameAlone) {
  const TrainingConfig config = small_network();
  Trainer trainer(config, images(), Device::cuda);
  const auto sde = make_sde(config.sde);
  SamplingConfig sampling = config.sampling;
  sampling.steps = 2;
  const Score score = network_score(trainer.network(), *sde, labels_of(config.objective));
  const auto draw = [&](Index first, Index count) {
    const SampleRange range = {
        .seed = 1, .first = first, .count = count, .batch = 5, .device = Device::cuda};
    return draw_samples(*sde, score, {8, 8, 1}, sampling, range).x;
  };
  EXPECT_EQ(draw(3, 1).to_host(), slice(draw(0, 5), 0, 3, 4).to_host());
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

// The classifier of noisy images, tiny: losses of two steps, and what one device saves the other
// goes on with.
TEST_F(CudaTraining, TheClassifiersLossesAreTheCpus) {
  const ClassifierConfig config = {.model = {.image_size = 8,
                                             .channels = 1,
                                             .classes = 10,
                                             .width = 4,
                                             .multiplier = 1,
                                             .blocks = 1,
                                             .embedding = 4},
                                   .sde = small_network().sde};
  std::vector<std::vector<double>> losses;
  SafeTensors saved;
  for (const Device device : {Device::cpu, Device::cuda}) {
    NoisyClassifier classifier(config);
    ClassifierTrainer trainer(classifier, images(), {.batch = 3, .device = device});
    EXPECT_EQ(nn::device_of(classifier.network()), device);
    losses.push_back({trainer.step(), trainer.step()});
    EXPECT_EQ(trainer.accuracy(images(), 2, 1).size(), 1U);
    if (device == Device::cpu) saved = trainer.state();
    if (device == Device::cuda) trainer.restore(saved);
    EXPECT_EQ(trainer.steps_done(), 2);
  }
  const double tolerance = sizeof(Real) == 4 ? 1e-5 : 1e-13;  // losses of size 2, a few layers
  for (std::size_t k = 0; k < 2; ++k) EXPECT_NEAR(losses[1][k], losses[0][k], tolerance) << k;
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
