#include "diffusion/training/sde_config.h"

#include <nlohmann/json.hpp>

#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/training/named.h"
#include "nn/json_reader.h"

namespace ito {
namespace {

using nlohmann::json;
using Type = SdeConfig::Type;

constexpr const char* where = "sde";
constexpr std::array<Named<Type>, 3> types = {
    {{"vp", Type::vp}, {"subvp", Type::subvp}, {"ve", Type::ve}}};

void check(const SdeConfig& c) {
  if (c.N < 1 || c.N > 1000000) fail(where, "\"N\": expected 1 to 1000000, got ", c.N);
  if (!(c.beta_min > 0 && c.beta_max >= c.beta_min && c.beta_max < 1e6)) {
    fail(where, "expected 0 < beta_min <= beta_max, got ", c.beta_min, " and ", c.beta_max);
  }
  if (!(c.sigma_min > 0 && c.sigma_max > c.sigma_min && c.sigma_max < 1e6)) {
    fail(where, "expected 0 < sigma_min < sigma_max, got ", c.sigma_min, " and ", c.sigma_max);
  }
}

LinearBeta beta(const SdeConfig& c) { return {c.beta_min, c.beta_max}; }
int steps(const SdeConfig& c) { return static_cast<int>(c.N); }

}  // namespace

SdeConfig sde_from_json(const json& section) {
  SdeConfig c;
  nn::JsonReader reader(where, section);
  reader.read("type", c.type, [](const auto& name) { return value_named(where, types, name); });
  reader.read("N", c.N);
  if (c.type == Type::ve) {
    reader.read("sigma_min", c.sigma_min);
    reader.read("sigma_max", c.sigma_max);
  } else {
    reader.read("beta_min", c.beta_min);
    reader.read("beta_max", c.beta_max);
  }
  reader.finish();
  check(c);
  return c;
}

json sde_to_json(const SdeConfig& c) {
  json out = {{"type", name_of(types, c.type)}, {"N", c.N}};
  if (c.type == Type::ve) {
    out["sigma_min"] = c.sigma_min;
    out["sigma_max"] = c.sigma_max;
  } else {
    out["beta_min"] = c.beta_min;
    out["beta_max"] = c.beta_max;
  }
  return out;
}

std::unique_ptr<Sde> make_sde(const SdeConfig& c) {
  switch (c.type) {
    case Type::vp:
      return std::make_unique<VpSde>(beta(c), steps(c));
    case Type::subvp:
      return std::make_unique<SubVpSde>(beta(c), steps(c));
    case Type::ve:
      return std::make_unique<VeSde>(c.sigma_min, c.sigma_max, steps(c));
  }
  fail(where, "unknown type");
}

VpSde make_vp(const SdeConfig& c) {
  if (c.type != Type::vp) fail(where, "expected the type vp, got ", name_of(types, c.type));
  return VpSde(beta(c), steps(c));
}

}  // namespace ito
