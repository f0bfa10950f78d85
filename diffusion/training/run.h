#pragma once
// A training run: the trainer's steps, and between them the log, the checkpoints and the grids of
// samples.

#include <functional>
#include <optional>

#include "diffusion/training/run_folder.h"
#include "diffusion/training/trainer.h"

namespace ito {

/// What a run tells of itself while it goes on. Any of these may be empty.
struct RunObserver {
  std::function<void(const StepReport&)> step;                     ///< after each step
  std::function<void(const nlohmann::json&)> line;                 ///< each line of the log
  std::function<void(Index step, const std::string& path)> saved;  ///< a checkpoint, a grid
  std::function<bool()> stop;  ///< asked often; true saves the state and ends the run
};

enum class RunEnd { finished, stopped };

/// Trains until the configuration's number of steps. Every `log_every` steps, after the first and
/// the last one and at each checkpoint the log gets a line: "step" (steps done), "loss" (mean since
/// the line before), "learning_rate", "gradient_norm", "images_per_second", "seconds" (of the run,
/// resumed parts included) and at intervals "held_out" (the averaged network's loss on the held-out
/// images). When the loss is not finite the run ends with Diverged and the last checkpoint stays.
RunEnd run(Trainer& trainer, const Dataset& data, const RunFolder& folder,
           const RunObserver& observer = {});

}  // namespace ito
