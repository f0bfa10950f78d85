#pragma once
// The shortest path through a list of levels by steps of at most epsilon (Daras et al. 2022,
// section 3.2): the graph of the schedule search, of which only the edges near the diagonal are
// evaluated.

#include <functional>
#include <vector>

#include "kernels/types.h"

namespace ito {

/// Distances d(i, j), i < j, of candidates in order. An edge is usable for a given epsilon if it
/// and all shorter-reaching edges from i are no longer than epsilon; edges are evaluated outward
/// from the diagonal up to the first that is not, and kept.
class LevelGraph {
 public:
  using Distance = std::function<double(Index i, Index j)>;
  /// Called before each evaluation with the number of those done and a guess of all; false: stop
  /// (LevelSearchStopped is thrown).
  using Watch = std::function<bool(Index done, Index total)>;

  /// Of at least 2 candidates.
  LevelGraph(Index candidates, Distance distance, Watch watch = {});

  Index candidates() const { return static_cast<Index>(rows_.size()); }
  Index evaluated() const { return evaluated_; }
  /// d(i, i + 1), d(i, i + 2), ..., as far as they are usable. The reference holds until the next
  /// call.
  const std::vector<double>& edges(Index i, double epsilon);
  /// d(i, j), evaluated if need be with those before it.
  double distance(Index i, Index j);
  /// Guesses, for the watch, how many edges will be evaluated for this epsilon: as many as if all
  /// candidates lay on a straight line.
  void expect(double epsilon);

 private:
  void evaluate_next(Index i);

  Distance distance_;
  Watch watch_;
  std::vector<std::vector<double>> rows_;  ///< rows_[i][k] = d(i, i + 1 + k)
  std::vector<double> usable_;
  Index evaluated_ = 0, expected_;
};

/// The watch of a LevelGraph wanted no more.
struct LevelSearchStopped {};

struct LevelPath {
  std::vector<Index> levels;  ///< from 0 to the last candidate
  double epsilon;
  double length;   ///< sum of the steps' distances
  double longest;  ///< step
};

/// The smallest epsilon for which there is a path from the first candidate to the last.
double smallest_epsilon(LevelGraph& graph);

/// The shortest path. A step counts as longer by epsilon / 1000, so that of paths of nearly one
/// length (along a straight line all are) that of the fewest steps wins. Throws, naming the
/// smallest epsilon that works, if there is none.
LevelPath shortest_path(LevelGraph& graph, double epsilon);

/// By bisection an epsilon, to a relative 1e-4, whose shortest path holds at most `levels` levels
/// while that of a smaller one holds more; or the latter path, if its number is nearer. (On a curve
/// the number does not always fall with epsilon: now and then it rises by one.)
LevelPath path_of_levels(LevelGraph& graph, Index levels);

}  // namespace ito
