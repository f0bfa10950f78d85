#pragma once
// The truth bench: every sampler on every target under every SDE, at several numbers of score
// evaluations, against what is known exactly.

#include <functional>

#include "diffusion/truth/contestants.h"

namespace ito {

struct BenchOptions {
  std::vector<int> budgets = {8, 16, 32, 64, 128, 256};  ///< evaluations, at most
  Index samples = 1000;                                  ///< of a repeat
  Index repeats = 5;                                     ///< with other noise; at least 2
  std::vector<std::string> sdes = {"ve", "vp", "subvp"};
  std::uint64_t seed = 0;
  /// Told what has been done and what comes next; false stops the bench.
  std::function<bool(Index done, Index total, const std::string& next)> progress = {};
};

/// The subset that takes less than a minute on two cores.
BenchOptions quick_bench();

/// One value for each repeat.
using Repeats = std::vector<double>;
struct Estimate {
  double mean, standard_error;
};
Estimate estimate(const Repeats& values);

/// Distances of samples of one size from a target.
struct Measured {
  Repeats kl, wasserstein, weight_error;
  bool exact_kl = false;  ///< kl is not estimated: the same for all repeats
};

struct BenchPoint {
  std::string target, sde;
  Contestant sampler;
  int budget, steps;  ///< steps: 0 for the adaptive ODE
  double evaluations, seconds;
  Measured measured;
};

struct BenchResult {
  std::vector<BenchPoint> points;
  /// The same measures of exact samples: what no sampler can be seen to undercut. By target.
  std::vector<std::pair<std::string, Measured>> floors;
  bool complete = true;

  /// Null where there is none.
  const BenchPoint* find(const std::string& target, const std::string& sde,
                         const std::string& sampler, int budget) const;
  const Measured& floor(const std::string& target) const;
  /// Each target with each SDE that it has points of, in their order.
  std::vector<std::pair<std::string, std::string>> problems() const;
  /// The points of one problem, sampler by sampler.
  std::vector<std::vector<const BenchPoint*>> by_sampler(const std::string& target,
                                                         const std::string& sde) const;
};

/// An SDE of the bench and its last time before the data, as published.
struct BenchSde {
  std::unique_ptr<Sde> sde;
  double eps;
};
/// By its name: "vp" and "subvp" with beta 0.1 to 20, eps = 1e-3; "ve" with sigma 0.01 to 10, ten
/// times the targets' spread, eps = 1e-5.
BenchSde bench_sde(const std::string& name);

/// Throws for options that make no bench.
BenchResult bench_samplers(const BenchOptions& options);

}  // namespace ito
