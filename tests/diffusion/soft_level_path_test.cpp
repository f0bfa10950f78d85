// The shortest path through levels: brute force, and what bisection promises.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "diffusion/soft/level_path.h"
#include "engine/random.h"
#include "tests/errors.h"

namespace ito {
namespace {

using PathDistances = std::vector<std::vector<double>>;

/// PathDistances of neighbours that add up, with some noise: further is mostly longer.
PathDistances random_distances(Index n, std::uint64_t seed, double noise) {
  const std::vector<double> step = uniform_per_image(n, {.seed = seed, .purpose = Purpose::probe});
  const std::vector<double> other =
      uniform_per_image(n * n, {.seed = seed, .purpose = Purpose::noise});
  PathDistances d(static_cast<std::size_t>(n), std::vector<double>(static_cast<std::size_t>(n), 0));
  for (std::size_t i = 0; i < d.size(); ++i) {
    double length = 0;
    for (std::size_t j = i + 1; j < d.size(); ++j) {
      length += 0.2 + step[j];
      d[i][j] = length * (1 - noise * other[i * d.size() + j]);
    }
  }
  return d;
}

LevelGraph level_graph(const PathDistances& d) {
  return LevelGraph(static_cast<Index>(d.size()), [&d](Index i, Index j) {
    return d[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
  });
}

/// What a step needs of epsilon: it and all shorter ones from the same level are to be no longer.
double needed_epsilon(const PathDistances& d, std::size_t i, std::size_t j) {
  double most = 0;
  for (std::size_t k = i + 1; k <= j; ++k) most = std::max(most, d[i][k]);
  return most;
}

struct BestPath {
  double cost = std::numeric_limits<double>::infinity();
  double smallest_epsilon = std::numeric_limits<double>::infinity();
};

/// Over all sets of levels between the first and the last.
BestPath best_of_all_paths(const PathDistances& d, double epsilon) {
  BestPath best;
  const std::size_t inner = d.size() - 2;
  for (std::size_t chosen = 0; chosen < std::size_t{1} << inner; ++chosen) {
    double cost = 0, need = 0;
    std::size_t at = 0;
    for (std::size_t j = 1; j < d.size(); ++j) {
      if (j <= inner && (chosen >> (j - 1) & 1) == 0) continue;
      cost += d[at][j] + epsilon / 1000;
      need = std::max(need, needed_epsilon(d, at, j));
      at = j;
    }
    if (need <= epsilon) best.cost = std::min(best.cost, cost);
    best.smallest_epsilon = std::min(best.smallest_epsilon, need);
  }
  return best;
}

TEST(LevelPath, IsTheShortestOfAll) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const PathDistances d = random_distances(11, seed, seed % 2 == 0 ? 0.3 : 0.9);
    LevelGraph graph = level_graph(d);
    const double least = smallest_epsilon(graph);
    EXPECT_EQ(least, best_of_all_paths(d, 1).smallest_epsilon);
    for (const double factor : {1.0, 1.2, 1.7, 3.0, 20.0}) {
      const double epsilon = factor * least;
      const LevelPath path = shortest_path(graph, epsilon);
      double length = 0, longest = 0;
      for (std::size_t k = 0; k + 1 < path.levels.size(); ++k) {
        const auto i = static_cast<std::size_t>(path.levels[k]),
                   j = static_cast<std::size_t>(path.levels[k + 1]);
        ASSERT_LE(needed_epsilon(d, i, j), epsilon);
        length += d[i][j];
        longest = std::max(longest, d[i][j]);
      }
      EXPECT_EQ(path.levels.front(), 0);
      EXPECT_EQ(path.levels.back(), 10);
      EXPECT_DOUBLE_EQ(path.length, length);
      EXPECT_EQ(path.longest, longest);
      const double steps = static_cast<double>(path.levels.size() - 1);
      EXPECT_NEAR(length + steps * epsilon / 1000, best_of_all_paths(d, epsilon).cost, 1e-12);
    }
  }
}

TEST(LevelPath, SaysTheSmallestEpsilon) {
  const PathDistances d = random_distances(9, 3, 0.3);
  LevelGraph graph = level_graph(d);
  const double least = smallest_epsilon(graph);
  test::expect_error(
      [&] { shortest_path(graph, least * 0.999); },
      {text("epsilon = ", least * 0.999), text("the smallest that works is ", least)});
  EXPECT_EQ(shortest_path(graph, least).levels.back(), 8);
}

/// Points on a curve in space, as corrupted data are.
LevelGraph level_curve(Index n, std::multiset<std::pair<Index, Index>>* evaluated = nullptr) {
  return LevelGraph(n, [n, evaluated](Index i, Index j) {
    if (evaluated) evaluated->insert({i, j});
    const auto point = [n](Index k) {
      const double t = 4 * static_cast<double>(k) / static_cast<double>(n - 1);
      return std::array{1 - std::exp(-t), 0.3 * std::sin(t), 0.2 * t * t};
    };
    double squares = 0;
    for (std::size_t k = 0; k < 3; ++k) squares += std::pow(point(i)[k] - point(j)[k], 2);
    return std::sqrt(squares);
  });
}

/// Where all candidates lie on a straight line the number of levels only falls with epsilon. On a
/// curve a straighter path of one level more may become usable; never of two more, here.
TEST(LevelPath, LargerEpsilonTakesFewerLevels) {
  LevelGraph line(100, [](Index i, Index j) { return static_cast<double>(j - i); });
  LevelGraph bent = level_curve(100);
  for (const auto& [graph, more] : {std::pair{&line, std::size_t{0}}, {&bent, std::size_t{1}}}) {
    std::size_t fewest = 100;
    for (double epsilon = smallest_epsilon(*graph); fewest > 2; epsilon *= 1.01) {
      const std::size_t levels = shortest_path(*graph, epsilon).levels.size();
      EXPECT_LE(levels, fewest + more) << epsilon;
      fewest = std::min(fewest, levels);
    }
  }
}

TEST(LevelPath, BisectionFindsTheSmallestEpsilonOfANumberOfLevels) {
  for (const Index levels : {2, 5, 12, 32}) {
    LevelGraph graph = level_curve(256);
    const LevelPath path = path_of_levels(graph, levels);
    ASSERT_EQ(static_cast<Index>(path.levels.size()), levels);
    EXPECT_LE(path.longest, path.epsilon);
    const LevelPath below = shortest_path(graph, path.epsilon * (1 - 2e-4));
    EXPECT_GT(static_cast<Index>(below.levels.size()), levels);
  }
}

/// Few edges are evaluated, none twice.
TEST(LevelPath, EvaluatesOutwardAndKeeps) {
  std::multiset<std::pair<Index, Index>> evaluated;
  LevelGraph graph = level_curve(256, &evaluated);
  path_of_levels(graph, 32);
  EXPECT_EQ(static_cast<Index>(evaluated.size()), graph.evaluated());
  EXPECT_EQ(std::set(evaluated.begin(), evaluated.end()).size(), evaluated.size());
  EXPECT_LT(graph.evaluated(), 256 * 255 / 2 / 5);
}

/// Six equal steps: 7, 4, 3 or 2 levels can be had, by epsilon of 1, 2, 3 and 6 of them.
TEST(LevelPath, NearestNumberOfLevelsThatCanBeHad) {
  LevelGraph graph(7, [](Index i, Index j) { return static_cast<double>(j - i); });
  const auto levels = [&](Index wanted) { return path_of_levels(graph, wanted).levels.size(); };
  EXPECT_EQ(levels(32), 7u);
  EXPECT_EQ(levels(6), 7u);
  EXPECT_EQ(levels(5), 4u);
  EXPECT_EQ(levels(4), 4u);
  EXPECT_EQ(levels(3), 3u);
  EXPECT_EQ(levels(2), 2u);
  EXPECT_EQ(shortest_path(graph, 2).levels, (std::vector<Index>{0, 2, 4, 6}));
  test::expect_error([&] { path_of_levels(graph, 1); }, {"at least 2 levels, got 1"});
  test::expect_error([] { LevelGraph(1, {}); }, {"at least 2 candidate levels, got 1"});
}

TEST(LevelPath, StopsWhenTold) {
  LevelGraph graph(
      9, [](Index i, Index j) { return static_cast<double>(j - i); },
      [](Index done, Index total) { return done < 5 && done < total; });
  EXPECT_THROW(path_of_levels(graph, 3), LevelSearchStopped);
  EXPECT_EQ(graph.evaluated(), 5);
}

}  // namespace
}  // namespace ito
