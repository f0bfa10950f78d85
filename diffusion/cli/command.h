#pragma once
// What the subcommands share.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "engine/error.h"
#include "kernels/types.h"

namespace ito::cli {

/// Exit codes of the program.
enum Exit : int { ok = 0, failure = 1, usage = 2, interrupted = 130 };

/// What the user asked for cannot be asked for: exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

// Each adds a subcommand whose callback leaves its exit code in `exit`.
void add_train(CLI::App& app, int& exit);
void add_train_classifier(CLI::App& app, int& exit);
void add_sample(CLI::App& app, int& exit);
void add_info(CLI::App& app, int& exit);
void add_evaluate(CLI::App& app, int& exit);
void add_import(CLI::App& app, int& exit);
void add_export(CLI::App& app, int& exit);
void add_likelihood(CLI::App& app, int& exit);
void add_encode(CLI::App& app, int& exit);
void add_decode(CLI::App& app, int& exit);
void add_interpolate(CLI::App& app, int& exit);
void add_noise_levels(CLI::App& app, int& exit);
void add_bench_samplers(CLI::App& app, int& exit);
void add_restore(CLI::App& app, int& exit);
void add_bench_posterior(CLI::App& app, int& exit);
void add_replay(CLI::App& app, int& exit);
void add_schedule(CLI::App& app, int& exit);
void add_bench_soft(CLI::App& app, int& exit);
void add_nearest(CLI::App& app, int& exit);

/// Runs a subcommand, "sample" and what follows, as the program would; its exit code. Throws what
/// it throws, UsageError also for arguments that cannot be parsed.
int run_command(const std::vector<std::string>& command);

/// A run's folder or a checkpoint: the checkpoint.
std::string checkpoint_of(const std::string& run);

/// `--threads`; 0 means all cores.
void use_threads(Index threads);

/// "1,234,567"
std::string grouped(Index number);
/// "1.5 MB"
std::string bytes(double count);
/// "2 min 5 s"
std::string duration(double seconds);

}  // namespace ito::cli
