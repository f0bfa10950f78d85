#include "diffusion/training/trainer.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "nn/device.h"
#include "nn/layers/class_embedding.h"
#include "nn/recompute.h"

namespace ito {
namespace {

std::unique_ptr<nn::ScoreNetwork> initialised_network(const TrainingConfig& config, Device device) {
  auto network = make_network(config.model);
  nn::initialise(*network, config.seed);
  nn::move(*network, device);
  return network;
}

std::vector<Tensor> handles(const std::vector<nn::Parameter>& parameters) {
  std::vector<Tensor> out;
  for (const nn::Parameter& p : parameters) out.push_back(*p.value);
  return out;
}

void add_to(std::vector<Tensor>& sums, std::vector<Tensor> terms) {
  if (sums.empty()) {
    sums = std::move(terms);
    return;
  }
  const NoGrad no_grad;
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = sums[i] + terms[i];
}

void check_labels(const nn::ScoreNetwork& network, const ImageSet& images) {
  if (network.classes() == 0) return;
  if (classes_of(images) > network.classes())
    fail("train", images.source, ": the largest label is ", classes_of(images) - 1,
         ", but the model knows the classes 0 to ", network.classes() - 1);
}

/// Held-out losses use these draws in every run, so that runs can be compared.
BatchAddress held_out_address(Index first) {
  return {.seed = 0, .step = std::numeric_limits<std::uint32_t>::max(), .first_image = first};
}

}  // namespace

Trainer::Trainer(const TrainingConfig& config, const ImageSet& images, Device device)
    : config_(config),
      images_(images),
      device_(device),
      network_(initialised_network(config, device)),
      generator_(make_generator(config, images)),
      objective_(make_objective(config.objective, config.sde, item_shape(config.model))),
      order_(images.count, config.seed),
      adam_(network_->parameters(), config.optimiser),
      ema_(network_->parameters(), config.ema.decay, config.ema.warmup) {
  check_device(config, device);
  check_labels(*network_, images);
}

Loss Trainer::loss_of(const ImageSet& images, const std::vector<Index>& rows, const Tensor& x_0,
                      const BatchAddress& address, Mode mode) const {
  const Index classes = network_->classes();
  if (classes == 0) return objective_(*network_, x_0, address, mode);
  const nn::ToldNetwork told(*network_, nn::one_hot(labels_of(images, rows), classes));
  return objective_(told, x_0, address, mode);
}

Trainer::Part Trainer::part(Index begin, Index end) {
  const Index k = steps_done(), n = end - begin;
  const BatchAddress address = {config_.seed, static_cast<std::uint32_t>(k), begin};
  const auto rows = order_.rows(k * config_.batch.size + begin, n);
  const auto flips = config_.data.flip ? draw_flips(n, address) : std::vector<std::uint8_t>();
  const Tensor x_0 = batch(images_, rows, config_.data.range, flips).to(device_);

  const nn::RecomputeScope recompute(config_.batch.recompute);
  const double share = static_cast<double>(n) / static_cast<double>(config_.batch.size);
  const Loss loss = loss_of(images_, rows, x_0, address, Mode::training);
  return {share * loss.mean.item(),
          grad({loss.mean}, handles(adam_.parameters()), {Tensor::scalar(share, device_)})};
}

StepReport Trainer::step() {
  const Index B = config_.batch.size, parts = config_.batch.accumulate;
  const Index number = steps_done() + 1;
  double loss = 0;
  std::vector<Tensor> gradients;
  for (Index i = 0; i < parts; ++i) {
    Part p = part(i * B / parts, (i + 1) * B / parts);
    loss += p.loss;
    if (!std::isfinite(loss)) {
      throw Diverged(text("[train] the loss is ", loss, " in step ", number));
    }
    add_to(gradients, std::move(p.gradients));
  }
  const double norm = nn::gradient_norm(gradients);
  if (!std::isfinite(norm)) {
    throw Diverged(text("[train] the gradient is not finite in step ", number));
  }
  const auto report = adam_.step(gradients, norm, ema_);
  return {number, loss, report.learning_rate, report.gradient_norm};
}

double Trainer::held_out_loss(const ImageSet& images, Index most) {
  const Index n = std::min(images.count, most), B = std::max<Index>(config_.batch.size, 1);
  if (n == 0) return std::numeric_limits<double>::quiet_NaN();
  const NoGrad no_grad;
  const nn::EmaScope averaged(ema_);
  double sum = 0;
  for (Index first = 0; first < n; first += B) {
    std::vector<Index> rows(static_cast<std::size_t>(std::min(B, n - first)));
    std::iota(rows.begin(), rows.end(), first);
    const Tensor x_0 = batch(images, rows, config_.data.range).to(device_);
    const Loss loss = loss_of(images, rows, x_0, held_out_address(first), Mode::evaluation);
    for (const Real l : loss.per_example.to_host()) sum += static_cast<double>(l);
  }
  return sum / static_cast<double>(n);
}

}  // namespace ito
