#pragma once
// The SDE of a configuration.

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "diffusion/sde/sde.h"
#include "diffusion/sde/vp.h"
#include "diffusion/training/soft_config.h"

namespace ito {

/// {"type": "vp" | "subvp" | "ve" | "soft", ...}; schedule, beta_min and beta_max (of the linear
/// one) belong to the first two, sigma_min and sigma_max to "ve", the keys of SoftConfig to "soft".
struct SdeConfig {
  enum class Type { vp, subvp, ve, soft };
  enum class Schedule { linear, cosine };
  Type type = Type::vp;
  Schedule schedule = Schedule::linear;
  double beta_min = 0.1, beta_max = 20;
  double sigma_min = 0.01, sigma_max = 50;
  Index N = 1000;
  SoftConfig soft;
};

SdeConfig sde_from_json(const nlohmann::json& json);
nlohmann::json sde_to_json(const SdeConfig& config);

/// Throws for a soft diffusion, which has none.
std::unique_ptr<Sde> make_sde(const SdeConfig& config);
/// The VP SDE itself, for what needs its discrete form; throws for another type.
VpSde make_vp(const SdeConfig& config);

}  // namespace ito
