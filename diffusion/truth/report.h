#pragma once
// What the truth bench found, as text, as CSV and as figures.

#include "diffusion/plot/figure.h"
#include "diffusion/truth/claims.h"

namespace ito {

/// For each target and SDE: a row a sampler, with the sliced Wasserstein distance at each number of
/// evaluations, and KL, error of the mode weights and seconds at the last.
std::string bench_table(const BenchResult& result, const std::vector<int>& budgets);
std::string bench_csv(const BenchResult& result);

std::string claims_table(const std::vector<Finding>& findings);
std::string claims_csv(const std::vector<Finding>& findings);

/// Error against evaluations: a panel for each target and SDE, a line for each sampler, exact
/// samples of the same number as a level.
plot::Figure wasserstein_figure(const BenchResult& result);
plot::Figure kl_figure(const BenchResult& result);

}  // namespace ito
