#pragma once
// What every objective returns, and how squared residuals become it.

#include <vector>

#include "engine/ops.h"

namespace ito {

/// How the squared residuals of one example become its loss.
enum class Reduction {
  mean,     ///< mean over the elements (VP and sub-VP as published)
  half_sum  ///< half the sum (VE as published)
};

struct Loss {
  Tensor per_example;  ///< [N]
  Tensor mean;         ///< their mean, rank 0: what is differentiated
};

/// Of residuals r [N, ...]: per example weight[n] * (mean or half sum of r_n^2). An empty `weight`
/// means 1.
Loss squared_loss(const Tensor& r, Reduction reduction, const std::vector<double>& weight = {});

}  // namespace ito
