#pragma once
// Softmax of one row, for softmax and attention.

#include "kernels/cpu/lanes.h"
#include "kernels/math.h"

namespace ito::kernels {
namespace {

/// y = exp(scale x - max), and returns its sum.
inline Real exponentials(const Real* x, Index n, Real scale, Real largest, Real* y) {
  for (Index i = 0; i < n; ++i) y[i] = exp_minus(largest - scale * x[i]);
  return sum_lanes<Real>(n, [y](Index i) { return y[i]; });
}

/// y = softmax(scale x); y may be x.
inline void softmax_row(const Real* x, Index n, Real scale, Real* y) {
  const Real largest = max_lanes(n, [x, scale](Index i) { return scale * x[i]; });
  const Real inverse = 1 / exponentials(x, n, scale, largest, y);
  for (Index i = 0; i < n; ++i) y[i] *= inverse;
}

}  // namespace
}  // namespace ito::kernels
