#include "diffusion/cli/sampling_flags.h"

#include "diffusion/cli/command.h"

namespace ito::cli {

const std::vector<ConfigFlag> sampling_flags = {
    {"--steps", "steps", "Times of the sampler's grid"},
    {"--sampler", "sampler",
     "pc (predictor and corrector), ode (adaptive probability flow), or a Markov chain at the time "
     "eps: ula, mala, hmc",
     ConfigFlag::Kind::text},
    {"--predictor", "predictor",
     "euler_maruyama, reverse_diffusion, ancestral, sra1, heun, ddim, dpm_solver_2, dpm_solver_3, "
     "edm or none; of a soft diffusion naive, momentum, momentum_flow, ddim or ddim_flow",
     ConfigFlag::Kind::text},
    {"--grid", "grid", "Spacing of the steps: time, log_snr, karras or fixed (at eps)",
     ConfigFlag::Kind::text},
    {"--tolerance", "tolerance", "Of the ode sampler, relative and absolute"},
    {"--corrector", "corrector", "langevin, ald, ula, mala, hmc or none", ConfigFlag::Kind::text},
    {"--corrector-steps", "corrector_steps", "Corrector iterations at each time"},
    {"--snr", "snr", "Signal-to-noise ratio of the corrector"},
    {"--step-size", "step_size", "Of ula, mala and hmc: e in x + e s + sqrt(2 e) z; 0: by --snr"},
    {"--leapfrog", "leapfrog", "Leapfrog steps of an iteration of hmc"},
    {"--quadrature", "quadrature",
     "Of the score, for the acceptance of mala and hmc: trapezoid, simpson or boole",
     ConfigFlag::Kind::text},
    {"--churn", "churn", "Of edm, its S_churn: fresh noise in all steps together; 0: none"},
    {"--churn-min", "churn_min", "S_tmin, the lowest noise level that is churned"},
    {"--churn-max", "churn_max", "S_tmax, the highest"},
    {"--churn-noise", "churn_noise", "S_noise, std of the fresh noise"},
    {"--k", "k", "Share of fresh noise of a soft diffusion's ddim and ddim_flow, 0 to 1"},
    {"--eps", "eps", "Last time before the data"},
    {"--probability-flow", "probability_flow", "Solve the ODE instead of the SDE",
     ConfigFlag::Kind::on}};

SamplingConfig sampling_of(const TrainedModel& model, const nlohmann::json& patch) {
  nlohmann::json config = config_to_json(model.config())["sampling"];
  config.update(patch);
  try {
    SamplingConfig sampling = sampling_from_json(config);
    model.generator().check(sampling);
    model.check_eps(sampling.eps);
    return sampling;
  } catch (const Error& e) {
    throw UsageError(e.what());
  }
}

}  // namespace ito::cli
