#include "diffusion/soft/schedule.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/digest.h"
#include "engine/file.h"

namespace ito {

namespace {

using nlohmann::json;

/// Neither up and then down, nor down and then up.
bool never_turns(const std::vector<double>& values) {
  return std::ranges::is_sorted(values) || std::ranges::is_sorted(values, std::greater<>());
}

std::vector<double> knot_values(const std::vector<Schedule::Knot>& knots,
                                double (*of)(const Schedule::Knot&)) {
  std::vector<double> values;
  for (const Schedule::Knot& knot : knots) values.push_back(of(knot));
  return values;
}

}  // namespace

DataIdentity identity_of(const ImageSet& images) {
  Digest digest;
  digest.add(images.pixels.data(), images.pixels.size());
  const std::vector<float> reals(images.reals.begin(), images.reals.end());  // in every build alike
  digest.add(reals.data(), reals.size() * sizeof(float));
  return {images.item, images.count, digest.text()};
}

Schedule::Schedule(std::string corruption, std::vector<Knot> knots, DataIdentity data)
    : corruption_(std::move(corruption)), knots_(std::move(knots)), data_(std::move(data)) {
  check();
}

void Schedule::check() const {
  if (knots_.size() < 2) fail("schedule", "expected at least 2 levels, got ", knots_.size());
  if (knots_.front().t != 0 || knots_.back().t != 1)
    fail("schedule", "expected times from 0 to 1, got ", knots_.front().t, " to ", knots_.back().t);
  for (std::size_t i = 0; i < knots_.size(); ++i) {
    const auto& [t, level] = knots_[i];
    if (i > 0 && !(t > knots_[i - 1].t))
      fail("schedule", "expected times that rise, got ", knots_[i - 1].t, " and then ", t);
    if (!(level.sigma > 0 && std::isfinite(level.sigma)) || !std::isfinite(level.parameter))
      fail("schedule", "expected a noise sigma above 0, got ", level.sigma, " and the parameter ",
           level.parameter, " at t = ", t);
  }
  if (!never_turns(knot_values(knots_, [](const Knot& k) { return k.level.parameter; })) ||
      !never_turns(knot_values(knots_, [](const Knot& k) { return k.level.sigma; })))
    fail("schedule", "expected levels that never turn back, of the corruption ",
         printable(corruption_));
}

CorruptionLevel Schedule::operator()(double t) const {
  if (!(t >= 0 && t <= 1)) fail("schedule", "expected a time from 0 to 1, got ", t);
  const auto after = std::ranges::upper_bound(knots_, t, {}, &Knot::t);
  const std::size_t i =
      std::min(static_cast<std::size_t>(after - knots_.begin()), knots_.size() - 1);
  const auto& [t_0, from] = knots_[i - 1];
  const auto& [t_1, to] = knots_[i];
  const double u = (t - t_0) / (t_1 - t_0);
  return {std::lerp(from.parameter, to.parameter, u),
          u < 1 ? from.sigma * std::pow(to.sigma / from.sigma, u) : to.sigma};
}

void Schedule::check_for(const Corruption& C, const ImageSet& images) const {
  if (corruption_ != C.name())
    fail("schedule", "it was made for the corruption ", printable(corruption_), ", this one is ",
         C.name());
  if (data_.count == 0) return;
  const DataIdentity found = identity_of(images);
  if (found.item != data_.item || found.count != data_.count ||
      found.fingerprint != data_.fingerprint)
    fail("schedule", "it was made for other data: ", data_.count, " images ", data_.item,
         " with the fingerprint ", printable(data_.fingerprint), "; ", printable(images.source),
         " has ", found.count, " images ", found.item, " with ", found.fingerprint);
}

json Schedule::to_json() const {
  json levels = json::array();
  for (const auto& [t, level] : knots_)
    levels.push_back({{"t", t}, {"parameter", level.parameter}, {"sigma", level.sigma}});
  json whole = {{"corruption", corruption_}, {"levels", levels}};
  if (data_.count > 0)
    whole["data"] = {{"item", std::vector<Index>(data_.item.begin(), data_.item.end())},
                     {"count", data_.count},
                     {"fingerprint", data_.fingerprint}};
  return whole;
}

Schedule::Schedule(const json& whole) {
  try {
    corruption_ = whole.at("corruption").get<std::string>();
    for (const json& knot : whole.at("levels"))
      knots_.push_back({knot.at("t").get<double>(),
                        {knot.at("parameter").get<double>(), knot.at("sigma").get<double>()}});
    if (whole.contains("data")) {
      const json& data = whole.at("data");
      for (const json& size : data.at("item")) data_.item.push_back(size.get<Index>());
      data_.count = data.at("count").get<Index>();
      data_.fingerprint = data.at("fingerprint").get<std::string>();
    }
  } catch (const json::exception& e) {
    fail("schedule",
         "expected corruption, levels and data as ito schedule writes them: ", printable(e.what()));
  }
  check();
}

Schedule read_schedule(const std::string& path) {
  const std::string contents = read_text(path);
  try {
    return Schedule(json::parse(contents));
  } catch (const std::exception& e) {
    fail("schedule", printable(path), ": ", printable(e.what()));
  }
}

Schedule schedule_along(const Corruption& C, const std::vector<CorruptionLevel>& levels,
                        double begin, double sigma_min, DataIdentity data) {
  if (levels.size() < 2) fail("schedule", "expected at least 2 levels, got ", levels.size());
  if (!(begin >= 0 && begin < 1))
    fail("schedule", "expected a share of the time for the noise from 0 to below 1, got ", begin);
  std::vector<Schedule::Knot> knots;
  if (begin > 0) knots.push_back({0, {levels.front().parameter, sigma_min}});
  const auto last = static_cast<double>(levels.size() - 1);
  for (std::size_t i = 0; i < levels.size(); ++i)
    knots.push_back({std::lerp(begin, 1.0, static_cast<double>(i) / last), levels[i]});
  return {C.name(), knots, std::move(data)};
}

Schedule noise_first_schedule(const Corruption& C, const NoiseRange& noise, double noise_share) {
  return schedule_along(C, {{C.clean(), noise.sigma_max}, {C.strongest(), noise.sigma_max}},
                        noise_share, noise.sigma_min);
}

Schedule together_schedule(const Corruption& C, const NoiseRange& noise) {
  return schedule_along(C, {{C.clean(), noise.sigma_min}, {C.strongest(), noise.sigma_max}}, 0,
                        noise.sigma_min);
}

}  // namespace ito
