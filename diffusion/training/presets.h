#pragma once
// Complete configurations by name.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ito {

struct Preset {
  const char* name;
  const char* description;  ///< one line
  const char* base;         ///< the preset that it changes, or null
  const char* changes;      ///< JSON, laid over the base as `overlay` does
};

const std::vector<Preset>& presets();

/// The base with its changes; what is absent has the default of TrainingConfig.
/// Throws Error, naming the nearest known name, for a name that is not known.
nlohmann::json preset_named(const std::string& name);

}  // namespace ito
