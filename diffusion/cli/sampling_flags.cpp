#include "diffusion/cli/sampling_flags.h"

#include "diffusion/cli/command.h"
#include "engine/file.h"

namespace ito::cli {

const std::vector<ConfigFlag> sampling_flags = {
    {"--steps", "steps", "Times of the sampler's grid"},
    {"--sampler", "sampler", "pc (predictor and corrector) or ode (adaptive probability flow)",
     ConfigFlag::Kind::text},
    {"--predictor", "predictor",
     "euler_maruyama, reverse_diffusion, ancestral, heun, ddim, dpm_solver_2, dpm_solver_3, edm "
     "or none",
     ConfigFlag::Kind::text},
    {"--grid", "grid", "Spacing of the steps: time, log_snr or karras", ConfigFlag::Kind::text},
    {"--tolerance", "tolerance", "Of the ode sampler, relative and absolute"},
    {"--corrector", "corrector", "langevin, ald or none", ConfigFlag::Kind::text},
    {"--corrector-steps", "corrector_steps", "Corrector iterations at each time"},
    {"--snr", "snr", "Signal-to-noise ratio of the corrector"},
    {"--eps", "eps", "Last time before the data"},
    {"--probability-flow", "probability_flow", "Solve the ODE instead of the SDE",
     ConfigFlag::Kind::on}};

SamplingConfig sampling_of(const TrainedModel& model, const nlohmann::json& patch) {
  nlohmann::json config = config_to_json(model.config())["sampling"];
  config.update(patch);
  try {
    SamplingConfig sampling = sampling_from_json(config);
    check_sampler(model.sde(), sampling);
    return sampling;
  } catch (const Error& e) {
    throw UsageError(e.what());
  }
}

void check_sample_file(const std::string& out, bool overwrite) {
  if (!out.ends_with(".png") && !out.ends_with(".npy")) {
    throw UsageError("--out: expected a name ending in .png or .npy, got " + printable(out));
  }
  check_writable(out, overwrite ? Overwrite::yes : Overwrite::no);
}

void check_picture(const char* where, const std::string& out, const Shape& item) {
  const bool picture = item.rank() == 3 && (item[2] == 1 || item[2] == 3);
  if (out.ends_with(".png") && !picture) {
    fail(where, "samples ", item, " make no picture; --out with .npy writes the numbers");
  }
}

}  // namespace ito::cli
