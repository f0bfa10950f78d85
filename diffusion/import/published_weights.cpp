#include "diffusion/import/published_weights.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "diffusion/import/published_model.h"
#include "diffusion/import/training_state.h"
#include "nn/networks/ddpm_diffusers.h"

namespace ito {
namespace {

constexpr const char* config_key = "ito.config";
constexpr const char* step_key = "ito.step";
constexpr const char* averaged_key = "ito.averaged";

PublishedWeights from_safetensors(const SafeTensors& file) {
  if (is_checkpoint(file)) fail("import", file.source, ": is a checkpoint of this program already");
  PublishedWeights out = {.tensors = {}, .source = file.source};
  for (const auto& [name, tensor] : file.tensors) {
    if (!out.tensors.emplace(nn::current_diffusers_name(name), file.tensor(name)).second) {
      fail("import", file.source, ": has ", printable(name), " under two names");
    }
  }
  if (file.metadata.contains(config_key)) out.config = file.meta(config_key);
  out.averaged = file.metadata.contains(averaged_key);
  if (file.metadata.contains(step_key)) {
    out.step = std::max<Index>(0, std::atoll(file.meta(step_key).c_str()));
  }
  return out;
}

/// What the published networks keep but do not use: the noise levels, which follow from the
/// configuration, and in an unconditional network the pieces of its embedding.
bool is_unused(const std::string& name, const ModelConfig& model) {
  if (name == "sigmas") return true;
  const auto* ncsnpp = std::get_if<nn::NcsnppConfig>(&model);
  if (ncsnpp == nullptr || ncsnpp->conditional) return false;
  return name.find(".Dense_0.") != name.npos || name == "all_modules.0.W";
}

void check_names(const PublishedWeights& weights, const nn::NameTable& table,
                 const nn::TensorMap& state, const ModelConfig& model) {
  std::vector<nn::Expected> expected;
  std::set<std::string> known;
  for (const nn::PublishedName& row : table) {
    expected.push_back(
        {row.published, nn::published_shape(state.at(row.ours).shape(), row.layout)});
    known.insert(row.published);
  }
  nn::TensorMap found;
  for (const auto& [name, tensor] : weights.tensors) {
    if (known.contains(name) || !is_unused(name, model)) found.emplace(name, tensor);
  }
  nn::check_match(weights.source.c_str(), expected, found, nn::Extra::refuse);
}

}  // namespace

PublishedWeights read_published_weights(const std::string& path, Weights wanted) {
  const Bytes file = read_file(path);
  if (is_torch_file(file)) return read_training_state(TorchFile(file, path), wanted);
  if (!path.ends_with(".safetensors")) {
    fail("import", path, ": expected a file of torch.save or a .safetensors file");
  }
  return from_safetensors(parse_safetensors(file, path));
}

SafeTensors import_weights(const PublishedWeights& weights, const TrainingConfig& config) {
  const nn::NameTable table = published_names(config.model);
  const auto network = make_network(config.model);
  check_names(weights, table, nn::values(*network), config.model);
  return weights_checkpoint(config, weights.step, nn::from_published(weights.tensors, table),
                            weights.averaged);
}

SafeTensors export_weights(const Checkpoint& checkpoint, Weights wanted) {
  const TrainedModel model(checkpoint, wanted);
  const nn::TensorMap published =
      nn::to_published(nn::values(model.network()), published_names(model.config().model));
  SafeTensors file;
  for (const auto& [name, tensor] : published) file.add(name, tensor);
  file.metadata = {
      {"format", "pt"}, {config_key, checkpoint.config.dump()}, {step_key, text(checkpoint.step)}};
  const bool averaged =
      is_weights_alone(checkpoint) ? is_average_alone(checkpoint) : wanted == Weights::averaged;
  if (averaged) file.metadata[averaged_key] = "yes";
  return file;
}

}  // namespace ito
