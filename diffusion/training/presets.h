#pragma once
// Complete configurations by name.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ito {

struct Preset {
  const char* name;
  const char* description;  ///< one line
  const char* config;       ///< JSON; what is absent has the default of TrainingConfig
};

const std::vector<Preset>& presets();

/// Throws Error, naming the nearest known name, for a name that is not known.
nlohmann::json preset_named(const std::string& name);

}  // namespace ito
