#pragma once
// What the truth bench found, as text and as CSV.

#include "diffusion/truth/claims.h"

namespace ito {

/// For each target and SDE: a row a sampler, with the sliced Wasserstein distance at each number of
/// evaluations, and KL, error of the mode weights and seconds at the last.
std::string bench_table(const BenchResult& result, const std::vector<int>& budgets);
std::string bench_csv(const BenchResult& result);

std::string claims_table(const std::vector<Finding>& findings);
std::string claims_csv(const std::vector<Finding>& findings);

}  // namespace ito
