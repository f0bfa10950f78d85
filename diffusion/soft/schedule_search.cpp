#include "diffusion/soft/schedule_search.h"

namespace ito {

namespace {

bool only_noise(const Corruption& C) { return C.clean() == C.strongest(); }

std::vector<CorruptionLevel> candidates_of(const Corruption& C, const ScheduleSearchOptions& o) {
  const auto [sigma_min, sigma_max] = o.noise;
  if (only_noise(C)) return noise_only_levels(C, sigma_min, sigma_max, o.candidates);
  if (o.order == ScheduleOrder::together)
    return joint_levels(C, sigma_min, sigma_max, o.candidates);
  return corruption_levels(C, sigma_max, o.candidates);
}

/// The levels of the path, and the noise before them.
Schedule schedule_of(const LevelPath& path, const CorruptionDistances& distances,
                     const ImageSet& images, const Corruption& C, const ScheduleSearchOptions& o) {
  std::vector<CorruptionLevel> levels;
  for (const Index k : path.levels)
    levels.push_back(distances.levels()[static_cast<std::size_t>(k)]);
  const bool noise_before = o.order == ScheduleOrder::noise_first && !only_noise(C);
  return schedule_along(C, levels, noise_before ? o.noise_share : 0, o.noise.sigma_min,
                        identity_of(images));
}

}  // namespace

FoundSchedule search_schedule(const ImageSet& images, const Corruption& C,
                              const ScheduleSearchOptions& options) {
  CorruptionDistances distances(images, C, candidates_of(C, options), options.distances);
  LevelGraph graph(
      options.candidates, [&](Index i, Index j) { return distances(i, j); }, options.watch);
  const LevelPath path = options.epsilon > 0 ? shortest_path(graph, options.epsilon)
                                             : path_of_levels(graph, options.levels);
  std::vector<double> steps;
  for (std::size_t k = 0; k + 1 < path.levels.size(); ++k)
    steps.push_back(graph.distance(path.levels[k], path.levels[k + 1]));
  const Index last = options.candidates - 1;
  return {schedule_of(path, distances, images, C, options),
          path,
          steps,
          graph.evaluated(),
          distances.slice(),
          distances(0, 0),
          distances(last, last)};
}

}  // namespace ito
