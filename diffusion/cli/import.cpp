// ito import, ito export

#include <filesystem>
#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/flags.h"
#include "diffusion/import/published_model.h"
#include "diffusion/import/published_weights.h"

namespace ito::cli {
namespace {

using nlohmann::json;

struct ImportArguments {
  std::string file, out, config, preset;
  bool raw = false, overwrite = false;
  ConfigFlags flags;
};

struct ExportArguments {
  std::string run, out, format = "pytorch-names";
  bool raw = false, overwrite = false;
};

void check_output(const std::string& out, bool overwrite) {
  if (!out.ends_with(".safetensors")) {
    throw UsageError("--out: expected a name ending in .safetensors, got " + printable(out));
  }
  check_writable(out, overwrite ? Overwrite::yes : Overwrite::no);
}

json read_json(const std::string& path) {
  json config = json::parse(read_text(path), nullptr, false);
  if (config.is_discarded()) fail("import", path, ": is not JSON");
  return config;
}

/// diffusers keeps the configuration in the same folder, if the user names none.
std::string config_beside(const std::string& file) {
  const auto beside = std::filesystem::path(file).replace_filename("config.json");
  std::error_code ignored;
  return std::filesystem::is_regular_file(beside, ignored) ? beside.string() : "";
}

TrainingConfig configuration(const ImportArguments& a, const PublishedWeights& weights) {
  const std::string path = a.config.empty() ? config_beside(a.file) : a.config;
  json config;
  if (!a.preset.empty()) {
    config = config_to_json(published_preset(a.preset));
  } else if (!a.config.empty() || weights.config.empty()) {
    if (path.empty()) {
      throw UsageError(a.file + " does not tell its configuration; --config FILE or --preset NAME");
    }
    config = config_to_json(published_config(read_json(path)));
  } else {
    config = json::parse(weights.config, nullptr, false);
  }
  overlay(config, a.flags.patch());
  return config_from_json(config);
}

int import_file(const ImportArguments& a) {
  check_output(a.out, a.overwrite);
  const PublishedWeights weights =
      read_published_weights(a.file, a.raw ? Weights::raw : Weights::averaged);
  const SafeTensors checkpoint = import_weights(weights, configuration(a, weights));
  write_safetensors(a.out, checkpoint, a.overwrite ? Overwrite::yes : Overwrite::no);
  Index numbers = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) numbers += tensor.shape.elements();
  std::cout << checkpoint.tensors.size() << " tensors, " << grouped(numbers) << " numbers"
            << (weights.averaged ? " (averaged)" : "") << ": " << a.out << std::endl;
  return Exit::ok;
}

int export_file(const ExportArguments& a) {
  check_output(a.out, a.overwrite);
  const SafeTensors file = export_weights(read_checkpoint(checkpoint_of(a.run)),
                                          a.raw ? Weights::raw : Weights::averaged);
  write_safetensors(a.out, file, a.overwrite ? Overwrite::yes : Overwrite::no);
  std::cout << file.tensors.size() << " tensors: " << a.out << std::endl;
  return Exit::ok;
}

}  // namespace

void add_import(CLI::App& app, int& exit) {
  CLI::App* command =
      app.add_subcommand("import", "Make a checkpoint of weights that others have published");
  auto a = std::make_shared<ImportArguments>();
  command
      ->add_option(
          "file", a->file,
          "Of torch.save (a training state or a state dict) or .safetensors (of diffusers, "
          "or of ito export)")
      ->required();
  command->add_option("--out", a->out, "The checkpoint, .safetensors")->required();
  CLI::Option* config = command->add_option(
      "--config", a->config,
      "JSON: the published configuration, diffusers' or ito's (default: config.json beside FILE)");
  command->add_option("--preset", a->preset, "A network by its name, \"ncsnpp_cifar10_continuous\"")
      ->excludes(config);
  command->add_flag("--raw", a->raw, "The last weights instead of their average");
  a->flags.add_set(*command);
  command->add_flag("--overwrite", a->overwrite, "Replace an existing file");
  command->callback([a, &exit] { exit = import_file(*a); });
}

void add_export(CLI::App& app, int& exit) {
  CLI::App* command =
      app.add_subcommand("export", "Write a trained network under its published names");
  auto a = std::make_shared<ExportArguments>();
  command->add_option("--run", a->run, "Folder of a run, or a checkpoint")->required();
  command->add_option("--out", a->out, "The file, .safetensors")->required();
  command->add_option("--format", a->format, "Names and layouts: pytorch-names")
      ->check(CLI::IsMember({"pytorch-names"}));
  command->add_flag("--no-ema", a->raw, "The last weights instead of their average");
  command->add_flag("--overwrite", a->overwrite, "Replace an existing file");
  command->callback([a, &exit] { exit = export_file(*a); });
}

}  // namespace ito::cli
