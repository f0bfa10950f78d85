#include "diffusion/soft/level_path.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.h"

namespace ito {

namespace {

constexpr double unreachable = std::numeric_limits<double>::infinity();
constexpr double cost_of_a_step = 1e-3;  ///< in epsilon
constexpr double epsilon_accuracy = 1e-4;

std::size_t at_level(Index i) { return static_cast<std::size_t>(i); }

double sum_of_neighbours(LevelGraph& graph) {
  double total = 0;
  for (Index i = 0; i + 1 < graph.candidates(); ++i) total += graph.distance(i, i + 1);
  return total;
}

LevelPath trace_back(LevelGraph& graph, const std::vector<Index>& before, double epsilon) {
  LevelPath path{{graph.candidates() - 1}, epsilon, 0, 0};
  while (path.levels.back() != 0) {
    const Index to = path.levels.back(), from = before[at_level(to)];
    const double step = graph.distance(from, to);
    path.length += step;
    path.longest = std::max(path.longest, step);
    path.levels.push_back(from);
  }
  std::ranges::reverse(path.levels);
  return path;
}

Index level_count_of(const LevelPath& path) { return static_cast<Index>(path.levels.size()); }

}  // namespace

LevelGraph::LevelGraph(Index candidates, Distance distance, Watch watch)
    : distance_(std::move(distance)),
      watch_(std::move(watch)),
      rows_(at_level(candidates)),
      expected_(10 * candidates) {
  if (candidates < 2) fail("schedule", "expected at least 2 candidate levels, got ", candidates);
}

void LevelGraph::evaluate_next(Index i) {
  if (watch_ && !watch_(evaluated_, std::max(expected_, evaluated_ + 1)))
    throw LevelSearchStopped();
  std::vector<double>& row = rows_[at_level(i)];
  const Index j = i + 1 + static_cast<Index>(row.size());
  const double d = distance_(i, j);
  if (!(d >= 0)) fail("schedule", "the distance of candidates ", i, " and ", j, " is ", d);
  row.push_back(d);
  ++evaluated_;
}

const std::vector<double>& LevelGraph::edges(Index i, double epsilon) {
  std::vector<double>& row = rows_[at_level(i)];
  const std::size_t most = at_level(candidates() - 1 - i);
  usable_.clear();
  while (usable_.size() < most) {
    if (row.size() == usable_.size()) evaluate_next(i);
    const double d = row[usable_.size()];
    if (d > epsilon) break;
    usable_.push_back(d);
  }
  return usable_;
}

double LevelGraph::distance(Index i, Index j) {
  while (static_cast<Index>(rows_[at_level(i)].size()) < j - i) evaluate_next(i);
  return rows_[at_level(i)][at_level(j - i - 1)];
}

void LevelGraph::expect(double epsilon) {
  expected_ = 0;
  for (Index i = 0; i + 1 < candidates(); ++i) {
    double length = 0;
    for (Index j = i; j + 1 < candidates() && length <= epsilon; ++j, ++expected_)
      length += distance(j, j + 1);
  }
}

double smallest_epsilon(LevelGraph& graph) {
  double enough = 0;  // by single steps there is a path
  for (Index i = 0; i + 1 < graph.candidates(); ++i)
    enough = std::max(enough, graph.distance(i, i + 1));
  std::vector<double> needed(at_level(graph.candidates()), unreachable);
  needed[0] = 0;
  for (Index i = 0; i < graph.candidates(); ++i) {
    double so_far = needed[at_level(i)];  // an edge needs all that are before it
    Index j = i;
    for (const double d : graph.edges(i, enough)) {
      so_far = std::max(so_far, d);
      double& other = needed[at_level(++j)];
      other = std::min(other, so_far);
    }
  }
  return needed.back();
}

LevelPath shortest_path(LevelGraph& graph, double epsilon) {
  std::vector<double> cost(at_level(graph.candidates()), unreachable);
  std::vector<Index> before(cost.size(), 0);
  cost[0] = 0;
  for (Index i = 0; i < graph.candidates(); ++i) {
    if (cost[at_level(i)] == unreachable) continue;
    Index j = i;
    for (const double d : graph.edges(i, epsilon)) {
      const double through = cost[at_level(i)] + d + cost_of_a_step * epsilon;
      if (through >= cost[at_level(++j)]) continue;
      cost[at_level(j)] = through;
      before[at_level(j)] = i;
    }
  }
  if (cost.back() == unreachable)
    fail("schedule", "no path leads through the levels by steps of at most epsilon = ", epsilon,
         "; the smallest that works is ", smallest_epsilon(graph));
  return trace_back(graph, before, epsilon);
}

LevelPath path_of_levels(LevelGraph& graph, Index levels) {
  if (levels < 2) fail("schedule", "expected a path of at least 2 levels, got ", levels);
  const double even_step = sum_of_neighbours(graph) / static_cast<double>(levels - 1);
  graph.expect(even_step);
  double low = smallest_epsilon(graph);
  LevelPath more = shortest_path(graph, low);
  if (level_count_of(more) <= levels) return more;
  double high = std::max(low, even_step);
  LevelPath fewer = shortest_path(graph, high);
  while (level_count_of(fewer) > levels) fewer = shortest_path(graph, high *= 1.1);
  while (high - low > epsilon_accuracy * high) {
    const double middle = (low + high) / 2;
    LevelPath path = shortest_path(graph, middle);
    if (level_count_of(path) > levels) {
      low = middle;
      more = std::move(path);
    } else {
      high = middle;
      fewer = std::move(path);
    }
  }
  return level_count_of(more) - levels < levels - level_count_of(fewer) ? more : fewer;
}

}  // namespace ito
