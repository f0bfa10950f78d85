// ito info

#include <filesystem>
#include <iomanip>
#include <iostream>
#include <set>

#include "diffusion/cli/command.h"
#include "diffusion/cli/device.h"
#include "diffusion/data/open.h"
#include "diffusion/training/checkpoint.h"
#include "diffusion/training/run_folder.h"
#include "nn/cost.h"
#include "nn/networks/presets.h"

namespace ito::cli {
namespace {

/// The tensors whose names begin so: name, type, shape.
void tell_tensors(const SafeTensors& file, const std::string& prefix) {
  std::size_t width = 4;
  for (const auto& [name, tensor] : file.tensors) width = std::max(width, name.size());
  for (const auto& [name, tensor] : file.tensors) {
    if (!name.starts_with(prefix)) continue;
    std::cout << "  " << std::left << std::setw(static_cast<int>(width)) << name << "  "
              << std::setw(4) << tensor.dtype << "  " << tensor.shape << "\n";
  }
}

Index elements(const SafeTensors& file, const std::string& prefix) {
  Index sum = 0;
  for (const auto& [name, tensor] : file.tensors) {
    if (name.starts_with(prefix)) sum += tensor.shape.elements();
  }
  return sum;
}

void tell_size(const SafeTensors& file) {
  std::cout << file.tensors.size() << " tensors, " << grouped(elements(file, "")) << " numbers, "
            << bytes(static_cast<double>(std::filesystem::file_size(file.source))) << "\n";
}

/// Parameters and multiply-adds per image of every block.
void tell_costs(const std::vector<nn::BlockCost>& costs) {
  std::size_t width = 5;
  for (const nn::BlockCost& cost : costs) width = std::max(width, cost.block.size());
  const auto row = [&](const std::string& block, const std::string& parameters,
                       const std::string& multiply_adds) {
    std::cout << "  " << std::left << std::setw(static_cast<int>(width)) << block << std::right
              << std::setw(16) << parameters << std::setw(20) << multiply_adds << "\n";
  };
  row("block", "parameters", "multiply-adds");
  for (const nn::BlockCost& c : costs)
    row(c.block, grouped(c.parameters), grouped(c.multiply_adds));
  const nn::BlockCost all = nn::total(costs);
  row("all", grouped(all.parameters), grouped(all.multiply_adds));
}

void tell_network(const ModelConfig& model) {
  tell_costs(nn::block_costs([&] { return make_network(model); }, item_shape(model)));
}

void tell_preset(const nn::NetworkPreset& preset) {
  const ModelConfig model =
      std::visit([](const auto& config) { return ModelConfig(config); }, preset.config);
  std::cout << preset.name << ": " << preset.description
            << "\nconfiguration: " << model_to_json(model).dump(2) << "\n";
  tell_network(model);
}

void tell_checkpoint(const Checkpoint& checkpoint) {
  std::cout << checkpoint.file.source << ": checkpoint after step " << grouped(checkpoint.step)
            << "\n";
  if (is_weights_alone(checkpoint)) {
    std::cout << "weights alone, for images " << checkpoint.data.item << "\n";
  } else {
    std::cout << "trained on " << grouped(checkpoint.data.images) << " images "
              << checkpoint.data.item << " with " << checkpoint.data.levels << " levels (digest "
              << checkpoint.data.digest << ")\n"
              << "parameters: " << grouped(elements(checkpoint.file, "ema.")) << "\n";
  }
  std::cout << "configuration: " << checkpoint.config.dump(2) << "\n";
  tell_network(config_from_json(checkpoint.config).model);
}

void tell_safetensors(SafeTensors file) {
  if (is_checkpoint(file)) {
    const Checkpoint checkpoint = to_checkpoint(std::move(file));
    tell_checkpoint(checkpoint);
    tell_size(checkpoint.file);
    tell_tensors(checkpoint.file, "network.");
    if (is_weights_alone(checkpoint)) return;
    std::cout << "  and as many for ema, adam.first and adam.second\n";
    return;
  }
  std::cout << file.source << "\n";
  for (const auto& [key, value] : file.metadata) {
    std::cout << "  " << printable(key) << ": " << printable(value) << "\n";
  }
  tell_size(file);
  tell_tensors(file, "");
}

void tell_images(const char* part, const ImageSet& images) {
  if (images.count == 0) return;
  std::cout << part << ": " << grouped(images.count) << " images " << images.item << ", ";
  if (images.levels > 0) {
    std::cout << images.levels << " levels";
  } else {
    std::cout << "real numbers";
  }
  const std::set<int> classes(images.labels.begin(), images.labels.end());
  if (!classes.empty()) std::cout << ", " << classes.size() << " classes";
  std::cout << ", digest " << describe(images).digest << "\n";
}

bool is_safetensors(const std::string& path) { return path.ends_with(".safetensors"); }

void tell_log(const RunFolder& folder) {
  const auto lines = folder.read_log();
  if (lines.empty()) return;
  std::cout << "log: " << lines.size() << " lines; first " << lines.front().dump() << "\n"
            << "     last " << lines.back().dump() << "\n";
}

/// The network preset of that name, unless something on the disk has it too.
const nn::NetworkPreset* preset_of(const std::string& name) {
  if (std::filesystem::exists(name)) return nullptr;
  for (const nn::NetworkPreset& preset : nn::network_presets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

int info(const std::string& path) {
  if (path.empty()) {
    for (const std::string& device : devices()) std::cout << device << "\n";
    return Exit::ok;
  }
  const RunFolder folder(path);
  if (folder.has_run()) {
    tell_log(folder);
    if (!folder.has_checkpoint()) fail("info", path, ": this run has no checkpoint yet");
    tell_safetensors(read_safetensors(folder.checkpoint_path()));
  } else if (is_safetensors(path)) {
    tell_safetensors(read_safetensors(path));
  } else if (const nn::NetworkPreset* preset = preset_of(path)) {
    tell_preset(*preset);
  } else {
    const Dataset data = open_images(path);
    std::cout << path << "\n";
    tell_images("training", data.train);
    tell_images("held out", data.held_out);
  }
  std::cout << std::flush;
  return Exit::ok;
}

}  // namespace

void add_info(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "info", "Describe a run, a checkpoint, a safetensors file, images or a network by its name");
  auto path = std::make_shared<std::string>();
  command->add_option(
      "path", *path,
      "A run, a .safetensors file, images (as --data), or a network, \"ncsnpp_cifar10\"; "
      "without one: the devices");
  command->callback([path, &exit] { exit = info(*path); });
}

}  // namespace ito::cli
