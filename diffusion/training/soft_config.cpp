#include "diffusion/training/soft_config.h"

#include <nlohmann/json.hpp>

namespace ito {

namespace {

using nlohmann::json;

constexpr const char* in_table = "table";

bool is_named_schedule(const std::string& name) {
  return name == "noise_first" || name == "together";
}

Schedule schedule_of(const SoftConfig& config, const Corruption& C) {
  const NoiseRange noise = {config.sigma_min, config.sigma_max};
  if (config.table) return *config.table;
  return config.schedule == "together" ? together_schedule(C, noise)
                                       : noise_first_schedule(C, noise, config.noise_share);
}

}  // namespace

void check(const SoftConfig& c) {
  if (!c.table && !is_named_schedule(c.schedule))
    fail("soft", "\"schedule\": expected noise_first, together or the file of a schedule, got ",
         c.schedule);
  if (c.table && c.table->corruption() != c.corruption)
    fail("soft", "the schedule is for the corruption ", c.table->corruption(),
         ", the configuration says ", c.corruption);
  if (!(c.sigma_min > 0 && c.sigma_max > c.sigma_min && c.sigma_max < 1e6))
    fail("soft", "expected 0 < sigma_min < sigma_max (without noise p(x_t | x_0) has no density), ",
         "got ", c.sigma_min, " and ", c.sigma_max);
  if (!(c.noise_share > 0 && c.noise_share < 1))
    fail("soft", "\"noise_share\": expected a share of the time between 0 and 1, got ",
         c.noise_share);
}

SoftConfig soft_from_json(json section) {
  SoftConfig config;
  if (section.contains("schedule") && section["schedule"].is_object()) {
    config.table = Schedule(section["schedule"]);
    config.corruption = config.table->corruption();
    section["schedule"] = in_table;
  }
  section.erase("type");
  section.erase("N");
  nn::ReadFields reader("sde", section);
  fields(reader, config);
  reader.finish();
  check(config);
  return config;
}

json soft_to_json(const SoftConfig& config) {
  nn::WriteFields writer;
  fields(writer, config);
  json section = writer.json();
  if (config.table) section["schedule"] = config.table->to_json();
  return section;
}

void load_schedule(json& section, const ImageSet& images) {
  if (!section.is_object() || section.value("type", json()) != "soft") return;
  const json named = section.value("schedule", json());
  if (!named.is_string() || is_named_schedule(named.get<std::string>())) return;
  const Schedule schedule = read_schedule(named.get<std::string>());
  const json corruption = section.value("corruption", json(schedule.corruption()));
  if (corruption.is_string())
    schedule.check_for(*corruption_named(corruption.get<std::string>(), images.item), images);
  section["schedule"] = schedule.to_json();
  section["corruption"] = schedule.corruption();
}

SoftDiffusion make_soft_diffusion(const SoftConfig& config, const Shape& item) {
  std::shared_ptr<const Corruption> C = corruption_named(config.corruption, item);
  return {C, schedule_of(config, *C)};
}

}  // namespace ito
