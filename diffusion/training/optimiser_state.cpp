#include "diffusion/training/optimiser_state.h"

namespace ito {
namespace {

void add_group(SafeTensors& file, const std::string& group,
               const std::vector<nn::Parameter>& parameters, const std::vector<Tensor>& tensors) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    file.add(group + "." + parameters[i].name, tensors[i]);
  }
}

/// The tensors of a group in the order of the parameters; throws unless names and shapes fit.
std::vector<Tensor> in_order(const SafeTensors& file, const std::string& group,
                             const std::vector<nn::Parameter>& parameters) {
  const nn::TensorMap found = group_of(file, group);
  std::vector<nn::Expected> expected;
  for (const nn::Parameter& p : parameters) expected.push_back({p.name, p.value->shape()});
  nn::check_match((file.source + ", " + group).c_str(), expected, found, nn::Extra::refuse);
  std::vector<Tensor> out;
  for (const nn::Parameter& p : parameters) out.push_back(found.at(p.name));
  return out;
}

}  // namespace

void add_training_state(SafeTensors& file, const nn::Module& network, const nn::Adam& adam,
                        const nn::Ema& ema) {
  for (const auto& [name, value] : nn::values(network)) file.add("network." + name, value);
  add_group(file, "ema", adam.parameters(), ema.averages());
  add_group(file, "adam.first", adam.parameters(), adam.state().first);
  add_group(file, "adam.second", adam.parameters(), adam.state().second);
}

void restore_training_state(const SafeTensors& file, Index step, nn::Module& network,
                            nn::Adam& adam, nn::Ema& ema) {
  const auto averages = in_order(file, "ema", adam.parameters());
  const nn::Adam::State moments = {step, in_order(file, "adam.first", adam.parameters()),
                                   in_order(file, "adam.second", adam.parameters())};
  nn::load(network, group_of(file, "network"));
  adam.restore(moments);
  ema.restore(step, averages);
}

nn::TensorMap group_of(const SafeTensors& file, const std::string& group) {
  nn::TensorMap out;
  const std::string prefix = group + ".";
  for (auto it = file.tensors.lower_bound(prefix);
       it != file.tensors.end() && it->first.starts_with(prefix); ++it) {
    out[it->first.substr(prefix.size())] = file.tensor(it->first);
  }
  return out;
}

}  // namespace ito
