#include "diffusion/training/run.h"

#include <chrono>
#include <cmath>

#include "diffusion/data/grid.h"
#include "diffusion/training/checkpoint.h"
#include "diffusion/training/sampling.h"
#include "engine/ops.h"
#include "nn/device.h"

namespace ito {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

class Run {
 public:
  Run(Trainer& trainer, const Dataset& data, const RunFolder& folder, const RunObserver& observer)
      : trainer_(trainer),
        config_(trainer.config().run),
        data_(data),
        folder_(folder),
        observer_(observer) {
    const auto lines = folder.read_log();
    if (!lines.empty()) seconds_before_ = lines.back().value("seconds", 0.0);
  }

  RunEnd operator()() {
    while (trainer_.steps_done() < config_.steps) {
      if (stopped()) {
        if (since_line_.steps > 0) write_line(std::nullopt);
        save_checkpoint();
        return RunEnd::stopped;
      }
      one_step();
    }
    return RunEnd::finished;
  }

 private:
  struct SinceLine {
    double loss = 0, seconds = 0;
    Index steps = 0;
  };

  bool stopped() const { return observer_.stop && observer_.stop(); }
  bool due(Index every) const {
    const Index k = trainer_.steps_done();
    return k % every == 0 || k == config_.steps;
  }
  double seconds() const {
    return seconds_before_ + std::chrono::duration<double>(Clock::now() - start_).count();
  }

  void one_step() {
    const double before = seconds();
    last_ = step_or_explain();
    since_line_.loss += last_.loss;
    since_line_.seconds += seconds() - before;
    ++since_line_.steps;
    if (observer_.step) observer_.step(last_);

    const bool checkpoint = due(config_.checkpoint_every), held_out = due(config_.held_out_every);
    if (checkpoint || held_out || due(config_.log_every) || last_.step == 1) {
      write_line(held_out ? held_out_loss() : std::nullopt);
    }
    if (config_.samples > 0 && due(config_.sample_every)) save_samples();
    if (checkpoint) save_checkpoint();
  }

  StepReport step_or_explain() {
    try {
      return trainer_.step();
    } catch (const Diverged& e) {
      throw Diverged(explained(e.what()));
    }
  }

  std::string explained(const std::string& what) const {
    const std::string kept = saved_ > 0 ? text("the checkpoint of step ", saved_, " is kept in ",
                                               folder_.checkpoint_path())
                                        : "no checkpoint had been written";
    return what + "; " + kept + " (a smaller learning rate may help)";
  }

  std::optional<double> held_out_loss() {
    if (data_.held_out.count == 0 || config_.held_out_images == 0) return std::nullopt;
    return trainer_.held_out_loss(data_.held_out, config_.held_out_images);
  }

  void write_line(std::optional<double> held_out) {
    const auto steps = static_cast<double>(since_line_.steps);
    const double images = steps * static_cast<double>(trainer_.config().batch.size);
    json line = {{"step", last_.step},
                 {"loss", since_line_.loss / steps},
                 {"learning_rate", last_.learning_rate},
                 {"gradient_norm", last_.gradient_norm},
                 {"images_per_second", images / since_line_.seconds},
                 {"seconds", seconds()}};
    if (held_out) line["held_out"] = *held_out;
    folder_.log(line);
    since_line_ = {};
    if (observer_.line) observer_.line(line);
  }

  /// With the averaged weights; nothing is written when the run is stopped meanwhile.
  void save_samples() {
    const TrainingConfig& c = trainer_.config();
    const Shape item = item_shape(c.model);
    if (item.rank() != 3 || (item[2] != 1 && item[2] != 3)) return;
    const nn::EmaScope averaged(trainer_.ema());
    const Generator& generator = trainer_.generator();
    const Samples samples = generator.draw(
        generator.evaluated(trainer_.network()), c.sampling,
        {.seed = c.seed, .count = config_.samples, .device = nn::device_of(trainer_.network())},
        {.progress = [&](int, int) { return !stopped(); }});
    if (!samples.complete) return;
    const std::string path = folder_.sample_path(trainer_.steps_done());
    const json made_by = {{"step", trainer_.steps_done()}, {"config", definition(c)}};
    write_image_grid(path, samples.x, {.zoom = zoom_for(item), .range = c.data.range},
                     Overwrite::yes, {{"ito train", made_by.dump(-1, ' ', true)}});
    if (observer_.saved) observer_.saved(trainer_.steps_done(), path);
  }

  /// A checkpoint in the folder is always one to go on from.
  void refuse_infinite_weights() const {
    for (const nn::Parameter& p : trainer_.adam().parameters()) {
      if (!std::isfinite(sum_squares(*p.value))) {
        throw Diverged(explained(text("[train] the weights ", p.name, " are not finite after step ",
                                      trainer_.steps_done())));
      }
    }
  }

  void save_checkpoint() {
    refuse_infinite_weights();
    write_checkpoint(folder_.checkpoint_path(), trainer_, Overwrite::yes);
    saved_ = trainer_.steps_done();
    if (observer_.saved) observer_.saved(saved_, folder_.checkpoint_path());
  }

  Trainer& trainer_;
  const RunConfig& config_;
  const Dataset& data_;
  const RunFolder& folder_;
  const RunObserver& observer_;
  Clock::time_point start_ = Clock::now();
  double seconds_before_ = 0;
  SinceLine since_line_;
  StepReport last_ = {};
  Index saved_ = trainer_.steps_done();  ///< step of the checkpoint in the folder, 0: none
};

}  // namespace

RunEnd run(Trainer& trainer, const Dataset& data, const RunFolder& folder,
           const RunObserver& observer) {
  return Run(trainer, data, folder, observer)();
}

}  // namespace ito
