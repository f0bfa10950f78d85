#include "diffusion/training/sde_config.h"

#include <nlohmann/json.hpp>

#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "nn/json_fields.h"

namespace ito {
namespace {

using nlohmann::json;
using Type = SdeConfig::Type;
using BetaKind = SdeConfig::Schedule;

constexpr const char* in_sde_section = "sde";
constexpr nn::Names<Type, 4> types = {
    {{"vp", Type::vp}, {"subvp", Type::subvp}, {"ve", Type::ve}, {"soft", Type::soft}}};
constexpr nn::Names<BetaKind, 2> schedules = {
    {{"linear", BetaKind::linear}, {"cosine", BetaKind::cosine}}};

void check(const SdeConfig& c) {
  if (c.N < 1 || c.N > 1000000) fail(in_sde_section, "\"N\": expected 1 to 1000000, got ", c.N);
  if (!(c.beta_min > 0 && c.beta_max >= c.beta_min && c.beta_max < 1e6)) {
    fail(in_sde_section, "expected 0 < beta_min <= beta_max, got ", c.beta_min, " and ",
         c.beta_max);
  }
  if (!(c.sigma_min > 0 && c.sigma_max > c.sigma_min && c.sigma_max < 1e6)) {
    fail(in_sde_section, "expected 0 < sigma_min < sigma_max, got ", c.sigma_min, " and ",
         c.sigma_max);
  }
}

template <class Fields, SameAs<SdeConfig> Config>
void fields(Fields& f, Config& c) {
  f("type", c.type, types);
  f("N", c.N);
  if (c.type == Type::ve) {
    f("sigma_min", c.sigma_min);
    f("sigma_max", c.sigma_max);
    return;
  }
  if (c.type == Type::soft) return;
  const bool reading = std::is_same_v<Fields, nn::ReadFields>;
  if (reading || c.schedule != BetaKind::linear) f("schedule", c.schedule, schedules);
  if (c.schedule == BetaKind::linear) {
    f("beta_min", c.beta_min);
    f("beta_max", c.beta_max);
  }
}

BetaSchedule beta(const SdeConfig& c) {
  if (c.schedule == BetaKind::cosine) return CosineBeta{};
  return LinearBeta{c.beta_min, c.beta_max};
}
int steps(const SdeConfig& c) { return static_cast<int>(c.N); }

}  // namespace

SdeConfig sde_from_json(const json& section) {
  SdeConfig c;
  json own = section;
  if (section.is_object() && section.value("type", json()) == "soft") {
    c.soft = soft_from_json(section);
    own = {{"type", "soft"}, {"N", section.value("N", json(c.N))}};
  }
  nn::ReadFields reader(in_sde_section, own);
  fields(reader, c);
  reader.finish();
  check(c);
  return c;
}

json sde_to_json(const SdeConfig& c) {
  nn::WriteFields writer;
  fields(writer, c);
  json section = writer.json();
  if (c.type == Type::soft) section.update(soft_to_json(c.soft));
  return section;
}

std::unique_ptr<Sde> make_sde(const SdeConfig& c) {
  switch (c.type) {
    case Type::vp:
      return std::make_unique<VpSde>(beta(c), steps(c));
    case Type::subvp:
      return std::make_unique<SubVpSde>(beta(c), steps(c));
    case Type::ve:
      return std::make_unique<VeSde>(c.sigma_min, c.sigma_max, steps(c));
    case Type::soft:
      break;
  }
  fail(in_sde_section, "a soft diffusion has no SDE");
}

VpSde make_vp(const SdeConfig& c) {
  if (c.type != Type::vp)
    fail(in_sde_section, "expected the type vp, got ", name_of(types, c.type));
  return VpSde(beta(c), steps(c));
}

}  // namespace ito
