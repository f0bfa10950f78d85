#pragma once
// Softmax of one row, for softmax and attention.

#include "kernels/cpu/lanes.h"
#include "kernels/cpu/simd.h"
#include "kernels/math.h"

namespace ito::kernels {
namespace {

/// The largest of x[n], n > 0. In vectors, as compilers do not make any of a maximum that minds
/// NaN.
inline Real max_of(const Real* x, Index n) {
  if (n < lanes) return max_lanes(n, [x](Index i) { return x[i]; });
  Vec most[2] = {load(x), load(x + n - lanes)};
  Index i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    for (Index j = 0; j < 2; ++j) {
      const Vec next = load(x + i + j * lanes);
      most[j] = most[j] > next ? most[j] : next;
    }
  }
  if (i + lanes <= n) most[0] = most[0] > load(x + i) ? most[0] : load(x + i);
  Real values[lanes];
  store(values, most[0] > most[1] ? most[0] : most[1]);
  return max_lanes(lanes, [&values](Index j) { return values[j]; });
}

/// y = exp(scale x - max), and returns its sum.
inline Real exponentials(const Real* x, Index n, Real scale, Real largest, Real* y) {
  for (Index i = 0; i < n; ++i) y[i] = exp_minus(largest - scale * x[i]);
  return sum_lanes<Real>(n, [y](Index i) { return y[i]; });
}

/// y = softmax(scale x), scale >= 0 (so that the largest stays the largest); y may be x.
inline void softmax_row(const Real* x, Index n, Real scale, Real* y) {
  const Real largest = scale * max_of(x, n);
  const Real inverse = 1 / exponentials(x, n, scale, largest, y);
  for (Index i = 0; i < n; ++i) y[i] *= inverse;
}

}  // namespace
}  // namespace ito::kernels
