#pragma once
// What it costs to take an SDE's prior for p_T.

#include <vector>

#include "engine/tensor.h"

namespace ito {

/// KL(N(scale x_0, std^2 I) || N(0, prior_std^2 I)) of each x_0 [N, ...] in nats. With scale and
/// std those at T, the mean over data bounds KL(p_T || prior), which is convex in p_T: a likelihood
/// with the prior in the place of p_T is too small by that at most, in the mean.
std::vector<double> prior_divergence(double scale, double std, double prior_std, const Tensor& x_0);

/// KL(N(a, v) || N(a + d, w)) in one dimension, in nats.
double gaussian_divergence(double v, double w, double d);

}  // namespace ito
