#pragma once
// The soft diffusion of a configuration: the section "sde" with the type "soft", and its objective.

#include <optional>

#include "diffusion/soft/schedule.h"
#include "diffusion/soft/soft_prior.h"
#include "diffusion/soft/soft_score_matching.h"
#include "nn/json_fields.h"

namespace ito {

struct SoftConfig {
  std::string corruption = "blur";  ///< see corruption_named
  /// "noise_first" (the noise grows in the first `noise_share` of the time, then the corruption),
  /// "together" (both grow all the time), or "table".
  std::string schedule = "noise_first";
  /// Of "table": in JSON it stands in the place of the schedule's name. What names a file that
  /// `ito schedule` has written is replaced by what is in it.
  std::optional<Schedule> table = {};
  double sigma_min = 0.01, sigma_max = 0.1;  ///< not of "table"
  double noise_share = 0.2;                  ///< of "noise_first"
  PriorShape prior = PriorShape::fitted;
};

constexpr nn::Names<PriorShape, 2> prior_shapes = {
    {{"fitted", PriorShape::fitted}, {"constant", PriorShape::constant}}};

template <class Fields, SameAs<SoftConfig> Config>
void fields(Fields& f, Config& c) {
  f("corruption", c.corruption);
  const bool reading = std::is_same_v<Fields, nn::ReadFields>;
  f("schedule", c.schedule);
  if (reading || !c.table) {
    f("sigma_min", c.sigma_min);
    f("sigma_max", c.sigma_max);
  }
  if (reading || c.schedule == "noise_first") f("noise_share", c.noise_share);
  f("prior", c.prior, prior_shapes);
}
/// Throws for values that define no diffusion.
void check(const SoftConfig& config);

/// What "objective" with the type "soft" says.
struct SoftObjectiveConfig {
  CleanPrediction prediction = CleanPrediction::residual;
  SoftLossOptions loss;
};

constexpr nn::Names<CleanPrediction, 2> clean_predictions = {
    {{"residual", CleanPrediction::residual}, {"plain", CleanPrediction::plain}}};
constexpr nn::Names<SoftWeighting, 2> soft_weightings = {
    {{"precision", SoftWeighting::precision}, {"uniform", SoftWeighting::uniform}}};

template <class Fields, SameAs<SoftObjectiveConfig> Config>
void fields(Fields& f, Config& c) {
  f("prediction", c.prediction, clean_predictions);
  f("weighting", c.loss.weighting, soft_weightings);
  f("corrupted", c.loss.corrupted);
}

/// Reads the section "sde" of a soft diffusion, and writes it, both without "type" and "N".
SoftConfig soft_from_json(nlohmann::json section);
nlohmann::json soft_to_json(const SoftConfig& config);

/// Puts the schedule in the place of its file in the section "sde" of a configuration, where it has
/// the name of one. Throws for a schedule of another corruption or other data.
void load_schedule(nlohmann::json& section, const ImageSet& images);

SoftDiffusion make_soft_diffusion(const SoftConfig& config, const Shape& item);

}  // namespace ito
