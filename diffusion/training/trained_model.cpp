#include "diffusion/training/trained_model.h"

#include "diffusion/training/objective.h"
#include "nn/device.h"

namespace ito {

TrainedModel::TrainedModel(const Checkpoint& checkpoint, Weights weights, Device device)
    : config_(config_from_json(checkpoint.config)),
      step_(checkpoint.step),
      network_(make_network(config_.model)),
      generator_(make_generator(config_, checkpoint.group("prior"))) {
  check_device(config_, device);
  check_network(*network_, checkpoint);
  if (weights == Weights::raw && is_average_alone(checkpoint)) {
    fail("checkpoint", checkpoint.file.source, ": holds averaged weights alone");
  }
  nn::TensorMap state = checkpoint.group("network");
  if (weights == Weights::averaged) {
    for (auto& [name, value] : checkpoint.group("ema")) state[name] = value;
  }
  nn::move(*network_, device);
  nn::load(*network_, state);
}

Score TrainedModel::evaluated_as(Index label) const {
  const auto told =
      std::make_shared<const nn::ToldNetwork>(*network_, nn::one_hot({label}, classes()));
  return [told, evaluated = generator_->evaluated(*told)](const Tensor& x, const Times& t) {
    return evaluated(x, t);
  };
}

void TrainedModel::check_eps(double eps) const {
  const ObjectiveConfig& objective = config_.objective;
  if (labels_of(objective) == Labels::continuous && eps < objective.eps)
    fail("model", "it was trained for times from ", objective.eps, " on, got eps = ", eps);
}

}  // namespace ito
