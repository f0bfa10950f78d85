// layers_*: single layers and blocks, with their gradients.

#include "tests/reference/layers.h"

#include <cmath>
#include <numbers>

#include "engine/autograd.h"
#include "nn/device.h"
#include "nn/layers/time_embedding.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

/// Limits relative to the largest value, and to the largest gradient of the case.
constexpr double value_limit = 2e-6, layers_gradient_limit = 4e-6;

using Json = nlohmann::json;
/// Images are stored channels first; vectors stay as they are.
Tensor input(const ReferenceFile& file, const std::string& name) {
  const Tensor stored = file.tensor(name);
  return stored.rank() == 4 ? channels_last(stored) : stored;
}

Tensor as_stored(const Tensor& ours) { return ours.rank() == 4 ? channels_first(ours) : ours; }

void compare_values(Report& report, const std::string& name, const Tensor& y) {
  const double size = largest(y);
  report.compare(name, y,
                 rule(value_limit * size, text(value_limit, " of the largest value"), size));
}

void compare_gradients(Report& report, const nn::TensorMap& gradients) {
  double size = 0;
  for (const auto& [name, g] : gradients) size = std::max(size, largest(g));
  for (const auto& [name, g] : gradients)
    report.compare(name, g,
                   rule(layers_gradient_limit * size,
                        text(layers_gradient_limit, " of the largest gradient of the case"), size));
}

/// A case's inputs and the stored names of their gradients.
struct NamedInputs {
  LayerInputs inputs;
  std::vector<std::string> gradients;
};

NamedInputs read_inputs(const ReferenceFile& file, const std::string& name, const Json& settings) {
  NamedInputs out;
  for (const std::string in : settings.at("inputs")) {
    const std::string stored = text(name, ".in.", in);
    if (in == "labels") {
      const std::vector<std::int64_t> labels = file.integers(stored);
      out.inputs.labels.assign(labels.begin(), labels.end());
      continue;
    }
    out.inputs.tensors.push_back(input(file, stored).require_grad());
    out.gradients.push_back(text(name, ".grad.", in));
  }
  return out;
}

/// Gradients in the inputs and the parameters, under their stored names.
nn::TensorMap gradients_of(const Layer& layer, const std::string& name, const Tensor& y,
                           const NamedInputs& in, const Tensor& cotangent) {
  std::vector<Tensor> wanted = in.inputs.tensors;
  const std::size_t inputs = wanted.size();
  const std::vector<nn::Parameter> parameters = layer.module->parameters();
  for (const nn::Parameter& p : parameters) wanted.push_back(*p.value);
  const std::vector<Tensor> gradients = grad({y}, wanted, {cotangent});

  nn::TensorMap stored, ours;
  for (std::size_t i = 0; i < inputs; ++i) stored.emplace(in.gradients[i], as_stored(gradients[i]));
  for (std::size_t i = 0; i < parameters.size(); ++i)
    ours.emplace(parameters[i].name, gradients[inputs + i]);
  for (const auto& [published, g] : nn::to_published(ours, layer.names))
    stored.emplace(text(name, ".grad.param.", published), g);
  return stored;
}

void replay_layer(const ReferenceFile& file, Report& report, const std::string& name,
                  const Json& settings, const Layer& layer) {
  nn::move(*layer.module, file.device());
  nn::load_published(*layer.module, layer.names, file.tensors_below(name + ".param"));
  const NamedInputs in = read_inputs(file, name, settings);
  const Tensor y = layer.forward(in.inputs);
  compare_values(report, name + ".out.y", as_stored(y));
  const std::string cotangent = name + ".in.cotangent";
  if (file.has(cotangent))
    compare_gradients(report, gradients_of(layer, name, y, in, input(file, cotangent)));
}

/// Labels have no gradient in ito, but the embedding tells it: a pair (sin a, cos a) moves along
/// (cos a, -sin a) with the pair's frequency da/dt.
Tensor label_gradient(const Tensor& y, const Tensor& cotangent,
                      const std::vector<double>& frequencies) {
  const std::vector<Real> value = y.to_host(), c = cotangent.to_host();
  const std::size_t half = frequencies.size(), dim = static_cast<std::size_t>(y.size(1));
  std::vector<Real> gradient;
  for (std::size_t n = 0; n < static_cast<std::size_t>(y.size(0)); ++n) {
    const Real *pair = value.data() + n * dim, *weight = c.data() + n * dim;
    double sum = 0;
    for (std::size_t k = 0; k < half; ++k)
      sum += frequencies[k] *
             static_cast<double>(weight[k] * pair[half + k] - weight[half + k] * pair[k]);
    gradient.push_back(static_cast<Real>(sum));
  }
  return Tensor({y.size(0)}, gradient);
}

void compare_embedding(const ReferenceFile& file, Report& report, const std::string& name,
                       const char* input_name, const Tensor& y,
                       const std::vector<double>& frequencies) {
  compare_values(report, name + ".out.y", y);
  const std::string cotangent = name + ".in.cotangent";
  if (!file.has(cotangent)) return;
  compare_gradients(report, {{text(name, ".grad.", input_name),
                              label_gradient(y, file.tensor(cotangent), frequencies)}});
}

void replay_timestep(const ReferenceFile& file, Report& report, const std::string& name,
                     const Json& settings) {
  require_setting(settings, "max_positions", 10000);
  const Index dim = settings.at("dim");
  const Tensor y = nn::positional_embedding(file.numbers(name + ".in.t"), dim);
  // All frequencies are at most 1, so that the angles at t = 1 are the frequencies.
  const std::vector<Real> one = nn::positional_embedding({1}, dim).to_host();
  std::vector<double> frequencies;
  for (std::size_t k = 0; k < one.size() / 2; ++k)
    frequencies.push_back(std::atan2(one[k], one[one.size() / 2 + k]));
  compare_embedding(file, report, name, "t", y, frequencies);
}

void replay_fourier(const ReferenceFile& file, Report& report, const std::string& name,
                    const Json& settings) {
  require_setting(settings, "scale_in_W", true);
  require_setting(settings, "W_trained", false);
  require_setting(settings, "input_is_log", true);
  const std::string W = name + ".param.W";
  const Tensor y = nn::fourier_embedding(file.numbers(name + ".in.x"), file.tensor(W).to_host());
  std::vector<double> frequencies = file.numbers(W);
  for (double& w : frequencies) w *= 2 * std::numbers::pi;
  compare_embedding(file, report, name, "x", y, frequencies);
}

}  // namespace

void replay_layers(const ReferenceFile& file, Report& report) {
  report.each_case([&](const std::string& name, const Json& settings) {
    const std::string op = settings.at("op");
    if (op == "timestep_embedding") return replay_timestep(file, report, name, settings);
    if (op == "fourier_embedding") return replay_fourier(file, report, name, settings);
    for (const LayerTable* layers : {&unet_layers(), &ncsn_layers()}) {
      const auto layer = layers->find(op);
      if (layer == layers->end()) continue;
      return replay_layer(file, report, name, settings, layer->second(settings));
    }
    throw NotBuilt{op};
  });
}

}  // namespace ito::reference
