#pragma once
// Flags that stand for keys of the configuration.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ito::cli {

/// `flag` sets the key `section.key` (or a top-level `key`).
struct ConfigFlag {
  enum class Kind { value, text, on };
  const char* flag;
  const char* key;
  const char* help;
  Kind kind = Kind::value;
};

/// Collects what was given as a patch for the configuration.
class ConfigFlags {
 public:
  void add_to(CLI::App& command, const std::vector<ConfigFlag>& flags);
  /// `--set section.key=value` for every key that has no flag of its own.
  void add_set(CLI::App& command);

  const nlohmann::json& patch() const { return *patch_; }

 private:
  std::shared_ptr<nlohmann::json> patch_ =
      std::make_shared<nlohmann::json>(nlohmann::json::object());
};

}  // namespace ito::cli
