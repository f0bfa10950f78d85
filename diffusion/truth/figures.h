#pragma once
// What the truth bench found, as figures.

#include "diffusion/plot/figure.h"
#include "diffusion/truth/bench.h"

namespace ito {

/// Error against evaluations: a panel for each target and SDE, a line for each sampler, exact
/// samples of the same number as a level.
plot::Figure wasserstein_figure(const BenchResult& result);
plot::Figure kl_figure(const BenchResult& result);

}  // namespace ito
