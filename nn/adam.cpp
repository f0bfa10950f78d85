#include "nn/adam.h"

#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "kernels/kernels.h"
#include "kernels/memory.h"

namespace ito::nn {

namespace {

void check(const AdamConfig& c) {
  const auto is_rate = [](double x) { return std::isfinite(x) && x >= 0; };
  if (!is_rate(c.learning_rate) || !is_rate(c.eps) || !is_rate(c.weight_decay) || c.warmup < 0) {
    fail("adam", "expected a learning rate, eps, weight decay and warm-up of at least 0, got ",
         c.learning_rate, ", ", c.eps, ", ", c.weight_decay, ", ", c.warmup);
  }
  if (!(c.beta1 >= 0 && c.beta1 < 1 && c.beta2 >= 0 && c.beta2 < 1)) {
    fail("adam", "expected betas in [0, 1), got ", c.beta1, " and ", c.beta2);
  }
}

void check_shapes(const std::vector<Parameter>& parameters, const std::vector<Tensor>& tensors,
                  const char* what) {
  if (tensors.size() != parameters.size()) {
    fail("adam", "expected ", parameters.size(), " ", what, ", got ", tensors.size());
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Shape& expected = parameters[i].value->shape();
    if (!tensors[i].defined() || tensors[i].shape() != expected) {
      fail("adam", "expected ", what, " ", expected, " for ", parameters[i].name, ", got ",
           tensors[i].shape());
    }
  }
}

std::vector<Tensor> zeros_like(const std::vector<Parameter>& parameters) {
  std::vector<Tensor> out;
  for (const Parameter& p : parameters) {
    out.push_back(Tensor::zeros(p.value->shape(), p.value->device()));
  }
  return out;
}

/// The factor that bounds the norm; the 1e-6 is the published guard against division by zero.
double clip_factor(double norm, double clip) {
  return clip < 0 ? 1 : std::min(1.0, clip / (norm + 1e-6));
}

}  // namespace

Adam::Adam(std::vector<Parameter> parameters, const AdamConfig& config)
    : parameters_(std::move(parameters)), config_(config) {
  check(config);
  state_.first = zeros_like(parameters_);
  state_.second = zeros_like(parameters_);
}

double Adam::warmed_up_rate() const {
  if (config_.warmup == 0) return config_.learning_rate;
  const double share = static_cast<double>(state_.step) / static_cast<double>(config_.warmup);
  return config_.learning_rate * std::min(share, 1.0);
}

double gradient_norm(const std::vector<Tensor>& gradients) {
  if (gradients.empty()) return 0;
  // The sums stay on the device until the last is known: one wait for it instead of one each.
  const Device device = gradients[0].device();
  const std::size_t count = gradients.size();
  Tensor room(Shape{2 * static_cast<Index>(count)}, device);  // a double has the room of two floats
  auto* const on_device = reinterpret_cast<double*>(room.mutable_data());
  std::vector<const Real*> data;
  std::vector<Index> elements;
  for (const Tensor& g : gradients) {
    if (g.device() != device) fail("adam", "the gradients are on different devices");
    data.push_back(g.data());
    elements.push_back(g.elements());
  }
  kernels::sum_squares_all(device, data.data(), elements.data(), static_cast<Index>(count),
                           on_device);
  std::vector<double> squares(count);
  kernels::copy_to_host(device, squares.data(), on_device, count * sizeof(double));
  double sum = 0;
  for (const double square : squares) sum += square;
  return std::sqrt(sum);
}

Adam::Report Adam::step(const std::vector<Tensor>& gradients) {
  return step(gradients, gradient_norm(gradients), nullptr);
}

Adam::Report Adam::step(const std::vector<Tensor>& gradients, double norm, Ema& average) {
  bool same = average.parameters().size() == parameters_.size();
  for (std::size_t i = 0; same && i < parameters_.size(); ++i) {
    same = average.parameters()[i].value == parameters_[i].value;
  }
  if (!same) fail("adam", "the average is of other parameters");
  return step(gradients, norm, &average);
}

Adam::Report Adam::step(const std::vector<Tensor>& gradients, double norm, Ema* average) {
  check_shapes(parameters_, gradients, "gradients");
  const Report report = {warmed_up_rate(), norm};
  if (!std::isfinite(report.gradient_norm)) {
    fail("adam", "the norm of the gradient is ", report.gradient_norm, " at step ", state_.step);
  }
  const auto count = static_cast<double>(state_.step + 1);
  const kernels::Adam update = {.learning_rate = report.learning_rate,
                                .beta1 = config_.beta1,
                                .beta2 = config_.beta2,
                                .eps = config_.eps,
                                .weight_decay = config_.weight_decay,
                                .correction1 = 1 - std::pow(config_.beta1, count),
                                .correction2 = 1 - std::pow(config_.beta2, count),
                                .gradient_scale = clip_factor(report.gradient_norm, config_.clip),
                                .average_rate = average != nullptr ? average->begin_update() : 0};
  std::vector<kernels::AdamTensor> tensors;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Tensor& p = *parameters_[i].value;
    tensors.push_back({p.mutable_data(), gradients[i].data(), state_.first[i].mutable_data(),
                       state_.second[i].mutable_data(),
                       average != nullptr ? average->averages_[i].mutable_data() : nullptr,
                       p.elements()});
  }
  if (!tensors.empty()) {
    kernels::adam_all(parameters_[0].value->device(), update, tensors.data(),
                      static_cast<Index>(tensors.size()));
  }
  ++state_.step;
  return report;
}

void Adam::restore(const State& state) {
  check_shapes(parameters_, state.first, "first moments");
  check_shapes(parameters_, state.second, "second moments");
  if (state.step < 0) fail("adam", "expected a step of at least 0, got ", state.step);
  state_.step = state.step;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    state_.first[i].assign(state.first[i]);
    state_.second[i].assign(state.second[i]);
  }
}

}  // namespace ito::nn
