#pragma once
// When how much is corrupted: the level (parameter of C_t, sigma_t) as a function of time (Daras et
// al. 2022, sections 3.2 and 4).

#include <nlohmann/json_fwd.hpp>

#include "diffusion/data/image_set.h"
#include "diffusion/soft/corruption.h"

namespace ito {

/// What data a schedule was made for, known again wherever it lies.
struct DataIdentity {
  Shape item;
  Index count = 0;          ///< 0: made for any data
  std::string fingerprint;  ///< of all values, 16 hexadecimal digits
};
DataIdentity identity_of(const ImageSet& images);

/// Between its knots the parameter is linear in t and sigma geometric, so that two knots make the
/// noise of the VE diffusion.
class Schedule {
 public:
  struct Knot {
    double t;
    CorruptionLevel level;
  };

  /// For the corruption of this name. Throws unless the times rise from 0 to 1, every sigma is
  /// above 0 (p(x_t | x_0) has no density at 0) and neither parameter nor sigma ever turns back.
  Schedule(std::string corruption, std::vector<Knot> knots, DataIdentity data = {});
  /// From JSON, as `to_json` makes it. Throws for what is not a schedule.
  explicit Schedule(const nlohmann::json& json);

  /// The level at t in [0, 1]; as a function it is a CorruptionSchedule.
  CorruptionLevel operator()(double t) const;

  const std::string& corruption() const { return corruption_; }
  const std::vector<Knot>& knots() const { return knots_; }
  const DataIdentity& data() const { return data_; }

  /// Throws, saying what differs, unless it was made for this corruption and these images.
  void check_for(const Corruption& C, const ImageSet& images) const;

  nlohmann::json to_json() const;

 private:
  void check() const;

  std::string corruption_;
  std::vector<Knot> knots_;
  DataIdentity data_;
};

/// Reads a file that `ito schedule` has written. Throws, naming it, for anything else.
Schedule read_schedule(const std::string& path);

/// The noise: sigma geometric from sigma_min to sigma_max.
struct NoiseRange {
  double sigma_min = 0.01, sigma_max = 0.1;
};

/// The levels at even times from `begin` to 1. A level before that: the first one's parameter, and
/// noise from sigma_min on.
Schedule schedule_along(const Corruption& C, const std::vector<CorruptionLevel>& levels,
                        double begin, double sigma_min, DataIdentity data = {});

/// Noise first, in the share `noise_share` of the time, then the corruption, its parameter linear.
Schedule noise_first_schedule(const Corruption& C, const NoiseRange& noise, double noise_share);
/// Both together, all the time.
Schedule together_schedule(const Corruption& C, const NoiseRange& noise);

}  // namespace ito
