#include "diffusion/import/training_state.h"

#include <algorithm>

namespace ito {
namespace {

struct NamedTensor {
  std::string name;
  TorchTensor tensor;
};

template <class... Parts>
[[noreturn]] void bad(const TorchFile& file, const Parts&... parts) {
  fail("training state", file.source(), ": ", parts...);
}

std::string without_prefix(const std::string& name) {
  constexpr std::string_view prefix = "module.";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

/// The tensors of a state dict in its order; empty if it is none.
std::vector<NamedTensor> state_dict(const TorchFile& file, const PickleValue& value) {
  std::vector<NamedTensor> out;
  if (!value.is(PickleValue::Kind::dict)) return out;
  for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
    const auto tensor = file.tensor(*value.items[i + 1]);
    if (!value.items[i]->is(PickleValue::Kind::text) || !tensor) return {};
    out.push_back({without_prefix(value.items[i]->text), *tensor});
  }
  return out;
}

/// Does the state dict hold it though it is not trained: the noise levels, or the frequencies of
/// Fourier features, "all_modules.N.W"?
bool is_constant(const std::string& name) {
  constexpr std::string_view modules = "all_modules.";
  if (name == "sigmas") return true;
  return name.starts_with(modules) && name.find(".W", modules.size()) == name.size() - 2 &&
         name.find('.', modules.size()) == name.size() - 2;
}

/// Puts the averages, which have no names, in the place of the trained parameters.
void take_in_order(const TorchFile& file, const PickleValue& averages,
                   std::vector<NamedTensor>& model) {
  std::vector<NamedTensor*> trained;
  for (NamedTensor& named : model) {
    if (!is_constant(named.name)) trained.push_back(&named);
  }
  if (averages.items.size() != trained.size()) {
    bad(file, "the model has ", trained.size(), " parameters, its averages are ",
        averages.items.size());
  }
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const auto average = file.tensor(*averages.items[i]);
    if (!average)
      bad(file, "expected a tensor among the averages, got ", describe(*averages.items[i]));
    if (average->shape != trained[i]->tensor.shape) {
      bad(file, "average number ", i, " is of shape ", average->shape, ", the parameter ",
          printable(trained[i]->name), " of ", trained[i]->tensor.shape);
    }
    trained[i]->tensor = *average;
  }
}

void take_by_name(const TorchFile& file, const std::vector<NamedTensor>& averages,
                  std::vector<NamedTensor>& model) {
  for (const NamedTensor& average : averages) {
    const auto found = std::ranges::find(model, average.name, &NamedTensor::name);
    if (found == model.end()) {
      bad(file, "the average of ", printable(average.name), ", which the model does not have");
    }
    found->tensor = average.tensor;
  }
}

/// Views of one storage may be many; together they must not need much more than the file holds.
nn::TensorMap read_all(const TorchFile& file, const std::vector<NamedTensor>& model) {
  Index elements = 0;
  for (const NamedTensor& named : model) elements += named.tensor.shape.elements();
  if (elements / 2 > file.elements()) {
    bad(file, "its tensors have ", elements, " elements together, the file holds ",
        file.elements());
  }
  nn::TensorMap out;
  for (const NamedTensor& named : model) {
    if (!out.emplace(named.name, TorchFile::read(named.tensor)).second) {
      bad(file, "has two tensors named ", printable(named.name));
    }
  }
  return out;
}

Index step_of(const PickleValue* value) {
  return value != nullptr && value->is(PickleValue::Kind::integer) && value->integer > 0
             ? value->integer
             : 0;
}

/// What a file holds, not yet read.
struct State {
  std::vector<NamedTensor> model;
  const PickleValue* ordered_averages = nullptr;
  std::vector<NamedTensor> named_averages = {};
  Index step = 0;
};

State state_of(const TorchFile& file) {
  const PickleValue& root = file.root();
  if (const PickleValue* model = root.find("model")) {
    const PickleValue* ema = root.find("ema");
    return {state_dict(file, *model),
            ema == nullptr ? nullptr : ema->find("shadow_params"),
            {},
            step_of(root.find("step"))};
  }
  if (root.is(PickleValue::Kind::list) && !root.items.empty()) {
    const auto& items = root.items;
    State state = {state_dict(file, *items[0])};
    if (items.size() > 3) state.step = step_of(items[3]);
    if (items.size() > 4) state.named_averages = state_dict(file, *items[4]);
    return state;
  }
  return {state_dict(file, root)};
}

}  // namespace

PublishedWeights read_training_state(const TorchFile& file, Weights wanted) {
  State state = state_of(file);
  if (state.model.empty()) {
    bad(file, "expected the weights of a model, alone or as \"model\" of a training state");
  }
  PublishedWeights out = {.tensors = {}, .step = state.step, .source = file.source()};
  if (wanted == Weights::averaged) {
    out.averaged = state.ordered_averages != nullptr || !state.named_averages.empty();
    if (state.ordered_averages != nullptr)
      take_in_order(file, *state.ordered_averages, state.model);
    take_by_name(file, state.named_averages, state.model);
  }
  out.tensors = read_all(file, state.model);
  return out;
}

}  // namespace ito
