#pragma once
// The search for a schedule whose neighbouring levels are equally far apart as distributions (Daras
// et al. 2022, section 3.2 and appendix): candidate levels are the nodes of a graph, edges are
// Wasserstein-2 distances, those above epsilon are cut, and the shortest path is the schedule.

#include "diffusion/soft/corruption_distances.h"
#include "diffusion/soft/level_path.h"
#include "diffusion/soft/schedule.h"

namespace ito {

enum class ScheduleOrder {
  noise_first,  ///< the noise grows in `noise_share` of the time; the search is along the
                ///< corruption
  together      ///< both grow all the time; the search is along both
};

struct ScheduleSearchOptions {
  Index candidates = 256;
  Index levels = 32;
  double epsilon = 0;  ///< 0: the one that gives that many levels
  ScheduleOrder order = ScheduleOrder::noise_first;
  NoiseRange noise;
  double noise_share = 0.2;
  DistanceOptions distances;
  LevelGraph::Watch watch;
};

struct FoundSchedule {
  Schedule schedule;
  LevelPath path;
  std::vector<double> steps;  ///< the distance of each level of the path to the next
  Index evaluated;            ///< edges
  Index slice;                ///< images of a slice
  /// d(i, i) of the first and the last candidate: 0 for the same images.
  double first_floor, last_floor;
};

/// Of a corruption that is the identity throughout the noise is searched along, over all the time.
/// Throws what its parts throw.
FoundSchedule search_schedule(const ImageSet& images, const Corruption& C,
                              const ScheduleSearchOptions& options = {});

}  // namespace ito
