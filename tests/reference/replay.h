#pragma once
// The categories of reference files, one source file each. A replay rebuilds the computation from
// the file and gives every result to the report; it throws NotBuilt for what is not built, Error
// for a file that is not as described.

#include "diffusion/ode/dormand_prince.h"
#include "nn/networks/score_network.h"
#include "tests/reference/compare.h"

namespace ito::reference {

/// Limits of chains, as multiples of the recorded rounding error of the chain, or relative where
/// none is recorded: rounding errors of another implementation grow as the recorded ones did.
constexpr double chain_factor = 10, chain_without_floor = 1e-4;

/// Steps of a chain in a brief replay.
constexpr int brief_steps = 2;

void replay_net(const ReferenceFile& file, Report& report);
void replay_loss(const ReferenceFile& file, Report& report);
void replay_sampler(const ReferenceFile& file, Report& report);
/// One case of it.
void replay_sampler_ode(const ReferenceFile& file, Report& report, const std::string& name,
                        const nlohmann::json& settings, const nn::ScoreNetwork& network);
void replay_sampler_constrained(const ReferenceFile& file, Report& report, const std::string& name,
                                const nlohmann::json& settings, const nn::ScoreNetwork& network);
/// The matrix of colorization and its inverse.
void compare_decoupling(const ReferenceFile& file, Report& report);
void replay_likelihood(const ReferenceFile& file, Report& report);
void replay_sde(const ReferenceFile& file, Report& report);
void replay_optim(const ReferenceFile& file, Report& report);
void replay_train(const ReferenceFile& file, Report& report);
void replay_layers(const ReferenceFile& file, Report& report);

/// The solver of a case, with one error for the whole batch.
OdeOptions published_ode(const nlohmann::json& settings);
/// Compares the number of evaluations PREFIXnfe and the times PREFIXode.t.
void compare_path(Report& report, const std::string& prefix, const OdePath& path);

}  // namespace ito::reference
