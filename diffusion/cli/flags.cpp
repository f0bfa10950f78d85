#include "diffusion/cli/flags.h"

#include "diffusion/cli/command.h"
#include "engine/file.h"

namespace ito::cli {
namespace {

using nlohmann::json;

/// A JSON value, or else a string.
json value_of(const std::string& text) {
  json value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(text) : value;
}

void set(json& patch, const std::string& key, json value) {
  const auto dot = key.find('.');
  if (dot == std::string::npos) {
    patch[key] = std::move(value);
  } else {
    patch[key.substr(0, dot)][key.substr(dot + 1)] = std::move(value);
  }
}

}  // namespace

void ConfigFlags::add_to(CLI::App& command, const std::vector<ConfigFlag>& flags) {
  for (const ConfigFlag& f : flags) {
    const std::string key = f.key;
    if (f.kind == ConfigFlag::Kind::on) {
      command.add_flag_callback(
          f.flag, [patch = patch_, key] { set(*patch, key, true); }, f.help);
      continue;
    }
    const bool is_text = f.kind == ConfigFlag::Kind::text;
    command
        .add_option_function<std::string>(
            f.flag,
            [patch = patch_, key, is_text](const std::string& given) {
              set(*patch, key, is_text ? json(given) : value_of(given));
            },
            f.help)
        ->type_name(is_text ? "TEXT" : "NUMBER");
  }
}

void ConfigFlags::add_set(CLI::App& command) {
  command
      .add_option_function<std::vector<std::string>>(
          "--set",
          [patch = patch_](const std::vector<std::string>& settings) {
            for (const std::string& setting : settings) {
              const auto equals = setting.find('=');
              if (equals == std::string::npos || equals == 0) {
                throw UsageError("--set: expected KEY=VALUE, got " + printable(setting));
              }
              set(*patch, setting.substr(0, equals), value_of(setting.substr(equals + 1)));
            }
          },
          "Any key of the configuration, e.g. --set model.width=64 --set ema.decay=0.999")
      ->type_name("KEY=VALUE");
}

}  // namespace ito::cli
