#pragma once
// Softmax of rows, for softmax and attention.

#include "kernels/cpu/lanes.h"
#include "kernels/cpu/parallel.h"
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

/// y = exp(scale x - largest).
inline void exponentials(const Real* x, Index n, Real scale, Real largest, Real* y) {
  for (Index i = 0; i < n; ++i) y[i] = exp_minus(largest - scale * x[i]);
}

inline Real sum_of(const Real* x, Index n) {
  return sum_lanes<Real>(n, [x](Index i) { return x[i]; });
}

/// y[rows, n] = softmax(scale x) of each row, scale >= 0 (so that the largest stays the largest);
/// y may be x. Some rows take each step together, so that no row waits for its own last step.
inline void softmax_rows(const Real* x, Index rows, Index n, Real scale, Real* y) {
  constexpr Index most = 64, elements = 2048;
  Real largest[most], inverse[most];
  const Index fit = elements / n, together = fit < 1 ? 1 : smaller(fit, most);
  for (Index first = 0; first < rows; first += together) {
    const Index count = smaller(together, rows - first);
    const Real* const from = x + first * n;
    Real* const to = y + first * n;
    for (Index r = 0; r < count; ++r) largest[r] = scale * max_of(from + r * n, n);
    for (Index r = 0; r < count; ++r) {
      exponentials(from + r * n, n, scale, largest[r], to + r * n);
    }
    for (Index r = 0; r < count; ++r) inverse[r] = 1 / sum_of(to + r * n, n);
    for (Index r = 0; r < count; ++r) {
      for (Index i = 0; i < n; ++i) to[r * n + i] *= inverse[r];
    }
  }
}

}  // namespace
}  // namespace ito::kernels
