#pragma once
// How far the samplers of soft diffusion are from the truth, by the number of evaluations: on a
// Gaussian with the exact conditional mean, where nothing is learned and nothing is drawn, so that
// all that is left is the error of the method.

#include <functional>

#include "diffusion/plot/figure.h"
#include "diffusion/soft/gaussian_sampling.h"

namespace ito {

/// A soft diffusion by a name for tables.
struct SoftBenchProblem {
  std::string name;
  SoftDiffusion diffusion;
};
/// Images [H, W, 1] under blur (noise first, and together), binary and fading masks, and VE.
std::vector<SoftBenchProblem> soft_bench_problems(const Shape& item);

struct SoftBenchPoint {
  std::string problem, sampler;  ///< the sampler with its k
  int evaluations;
  /// W2 of what comes out at t = 0, begun at the exact p_1, and the exact p_0.
  double wasserstein;
  /// |Cov(x_0, x_1) - the data's| (Frobenius) by the spreads of x_0 and x_1: how wrong the way is,
  /// even where its ends are right.
  double joint;
};

struct SoftBench {
  double spread = 0;  ///< root mean square distance of the data from their mean
  std::vector<SoftBenchPoint> points;
  bool complete = true;
};

/// Each sampler on each problem with data of this law. `progress` as in StepProgress.
SoftBench bench_soft(const Gaussian& data, const std::vector<SoftBenchProblem>& problems,
                     const std::vector<int>& evaluations, const StepProgress& progress = {});

/// For each problem a row a sampler with W2 at each number of evaluations, its extrapolation to
/// infinitely many (2 e(2 n) - e(n), from the last two, for a method of first order) and the error
/// of the joint law at the last.
std::string soft_bench_table(const SoftBench& bench);
std::string soft_bench_csv(const SoftBench& bench);
plot::Figure soft_bench_figure(const SoftBench& bench);

}  // namespace ito
