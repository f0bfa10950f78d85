// optim_*: Adam with warm-up and clipping, step by step, and the moving average of parameters.

#include "tests/reference/optim.h"

#include "engine/autograd.h"
#include "engine/ops.h"
#include "nn/ema.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

/// Relative limit of what follows a few float operations from exact inputs.
constexpr double few_operations = 2e-6;

/// The parameters of a case.
struct Parameters {
  std::vector<std::string> names;
  std::vector<Tensor> values;

  std::vector<nn::Parameter> list() {
    std::vector<nn::Parameter> all;
    for (std::size_t i = 0; i < values.size(); ++i)
      all.push_back({.name = names[i], .value = &values[i], .init = {}});
    return all;
  }
};

Parameters initial(const ReferenceFile& file, const std::string& name,
                   const nlohmann::json& settings) {
  Parameters parameters;
  parameters.names = settings.at("params").get<std::vector<std::string>>();
  for (const std::string& p : parameters.names)
    parameters.values.push_back(file.tensor(text(name, ".init.", p)).clone().require_grad());
  return parameters;
}

/// Rows of tensors, by the name that they are stored under.
class Rows {
 public:
  void add(const std::string& name, const Tensor& value) {
    Shape shape = value.shape();
    shape.insert(shape.begin(), 1);
    rows_[name].push_back(reshape(value.clone(), shape));
  }

  void compare(Report& report) const {
    for (const auto& [name, rows] : rows_) {
      const Tensor all = concat(rows, 0);
      const double size = largest(all);
      report.compare(
          name, all,
          rule(few_operations * size, text(few_operations, " of the largest value"), size));
    }
  }

 private:
  std::map<std::string, std::vector<Tensor>> rows_;
};

void replay_ema(const ReferenceFile& file, Report& report, const std::string& name,
                const nlohmann::json& settings) {
  Parameters parameters = initial(file, name, settings);
  nn::Ema ema(parameters.list(), settings.at("decay"), settings.at("use_num_updates"));
  Rows rows;
  for (Index step = 0; step < settings.at("updates").get<Index>(); ++step) {
    for (std::size_t i = 0; i < parameters.values.size(); ++i)
      parameters.values[i].assign(
          row(file.tensor(text(name, ".params.", parameters.names[i])), step).detach());
    ema.update();
    for (std::size_t i = 0; i < parameters.values.size(); ++i)
      rows.add(text(name, ".shadow.", parameters.names[i]), ema.averages()[i]);
  }
  rows.compare(report);
}

/// The gradient that Adam took in after clipping, read off the change of its first moment,
/// m' = beta1 m + (1 - beta1) (c + weight_decay p).
Tensor clipped(const Tensor& before, const Tensor& after, const Tensor& p,
               const nn::AdamConfig& config) {
  const Tensor taken = (after - before * config.beta1) / (1 - config.beta1);
  return taken - p * config.weight_decay;
}

/// sum 0.5 a (p - b)^2 over all parameters.
Tensor quadratic(const ReferenceFile& file, const std::string& name,
                 const std::vector<Tensor>& parameters) {
  Tensor loss = Tensor::scalar(0, parameters.at(0).device());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor a = file.tensor(text(name, ".a", i)), b = file.tensor(text(name, ".b", i));
    loss = loss + 0.5 * sum(a * square(parameters[i] - b));
  }
  return loss;
}

void replay_adam(const ReferenceFile& file, Report& report, const std::string& name,
                 const nlohmann::json& settings) {
  Parameters parameters = initial(file, name, settings);
  const nn::AdamConfig config = adam_config(settings);
  nn::Adam adam(parameters.list(), config);
  Rows rows;
  const Index steps = settings.at("steps"), stored = file.contents().at(name + ".lr").shape(0);
  if (steps != stored) fail(name.c_str(), "settings name ", steps, " steps, stored are ", stored);
  for (Index step = 0; step < steps; ++step) {
    const std::vector<Tensor> gradients =
        grad(quadratic(file, name, parameters.values), parameters.values);
    std::vector<Tensor> before, p;
    for (const Tensor& m : adam.state().first) before.push_back(m.clone());
    for (const Tensor& value : parameters.values) p.push_back(value.clone());
    const nn::Adam::Report done = adam.step(gradients);
    rows.add(name + ".lr", Tensor::scalar(done.learning_rate));
    rows.add(name + ".gradnorm", Tensor::scalar(done.gradient_norm));
    for (std::size_t i = 0; i < p.size(); ++i) {
      rows.add(text(name, ".g", i), gradients[i]);
      rows.add(text(name, ".c", i), clipped(before[i], adam.state().first[i], p[i], config));
      rows.add(text(name, ".p", i), parameters.values[i].detach());
    }
  }
  rows.compare(report);
}

}  // namespace

nn::AdamConfig adam_config(const nlohmann::json& settings) {
  require_setting(settings, "optimizer", "Adam");
  require_setting(settings, "loss", "quadratic");
  require_setting(settings, "clip_eps", 1e-6);
  return {.learning_rate = settings.at("lr"),
          .beta1 = settings.at("beta1"),
          .beta2 = settings.value("beta2", 0.999),
          .eps = settings.at("eps"),
          .weight_decay = settings.at("weight_decay"),
          .warmup = settings.at("warmup"),
          .clip = settings.at("grad_clip")};
}

void replay_optim(const ReferenceFile& file, Report& report) {
  report.each_case([&](const std::string& name, const nlohmann::json& settings) {
    const std::string op = settings.at("op");
    if (op == "ema") return replay_ema(file, report, name, settings);
    if (op == "optimizer") return replay_adam(file, report, name, settings);
    throw NotBuilt{op};
  });
}

}  // namespace ito::reference
