#pragma once
// SDEs as the published code evaluates them: times and the standard deviations of VP and sub-VP in
// float. 1 - exp(2 log mean_scale) then loses digits (up to 1 % at t = 1e-5), and chains that were
// recorded with it can only be met with the same loss. The SDEs of ito themselves work in double;
// sde.cpp compares them.

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "diffusion/sde/sde.h"

namespace ito::reference {

/// The SDE that {"name": "VPSDE", "beta_min": ..., ...} describes; throws NotBuilt for others than
/// VPSDE, subVPSDE and VESDE.
std::unique_ptr<Sde> make_sde(const nlohmann::json& sde);

/// The same, evaluated as published. Times close to one of `grid` (the stored float times of a
/// chain) are taken to be that one, others are rounded to float.
std::unique_ptr<Sde> make_published_sde(const nlohmann::json& sde, Times grid = {});

}  // namespace ito::reference
