// Sums and maxima of x[outer, n, inner] over n. The order of each sum depends on the sizes alone:
// long sums are cut into pieces of a fixed number of terms, whose results are added in order.

#include "kernels/cpu/level.h"
#include "kernels/memory.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

struct Sum {
  static Real start() { return Real(0); }
  static Real join(Real a, Real b) { return a + b; }
};

struct Max {
  static Real start() { return -Real(__builtin_inf()); }
  // A NaN on either side stays.
  static Real join(Real a, Real b) { return a > b || a != a ? a : b; }
};

constexpr Index piece_terms = 512;
/// Lanes of a sum along contiguous memory; fixed, so that every SIMD level adds in one order.
constexpr Index lanes = 16;

/// Reduces `n` contiguous terms.
template <class F>
inline Real reduce_contiguous(const Real* x, Index n) {
  Real lane[lanes];
  for (Real& value : lane) value = F::start();
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (Index j = 0; j < lanes; ++j) lane[j] = F::join(lane[j], x[i + j]);
  }
  for (Index j = 0; i + j < n; ++j) lane[j] = F::join(lane[j], x[i + j]);
  for (Index width = lanes / 2; width > 0; width /= 2) {
    for (Index j = 0; j < width; ++j) lane[j] = F::join(lane[j], lane[j + width]);
  }
  return lane[0];
}

/// Reduces `columns` columns of n rows that lie `stride` apart, row after row, in registers.
template <class F, Index columns>
inline void reduce_columns(const Real* x, Real* y, Index n, Index stride) {
  Real result[columns];
  for (Real& value : result) value = F::start();
  for (Index i = 0; i < n; ++i, x += stride) {
    for (Index j = 0; j < columns; ++j) result[j] = F::join(result[j], x[j]);
  }
  for (Index j = 0; j < columns; ++j) y[j] = result[j];
}

/// Reduces n rows of `inner` values into y.
template <class F>
inline void reduce_rows(const Real* x, Real* y, Index n, Index inner) {
  constexpr Index many = 8 * lanes;
  if (inner == 1) {
    *y = reduce_contiguous<F>(x, n);
    return;
  }
  Index j = 0;
  for (; j + many <= inner; j += many) reduce_columns<F, many>(x + j, y + j, n, inner);
  for (; j + lanes <= inner; j += lanes) reduce_columns<F, lanes>(x + j, y + j, n, inner);
  if (j == inner) return;
  for (Index k = j; k < inner; ++k) y[k] = F::start();
  for (Index i = 0; i < n; ++i) {
    const Real* const row = x + i * inner;
    for (Index k = j; k < inner; ++k) y[k] = F::join(y[k], row[k]);
  }
}

template <class F>
inline void reduce_with(const Real* x, Real* y, Index outer, Index n, Index inner) {
  const Index pieces = (n + piece_terms - 1) / piece_terms;
  if (pieces <= 1) {
    parallel_ranges(outer, elementwise_grain / (n * inner + 1) + 1, [&](Index begin, Index end) {
      for (Index o = begin; o < end; ++o) {
        reduce_rows<F>(x + o * n * inner, y + o * inner, n, inner);
      }
    });
    return;
  }
  const Scratch scratch(outer * pieces * inner);
  Real* const partial = scratch.data();
  parallel_for(outer * pieces, [&](Index k) {
    const Index begin = k % pieces * piece_terms;
    const Index terms = begin + piece_terms < n ? piece_terms : n - begin;
    reduce_rows<F>(x + (k / pieces * n + begin) * inner, partial + k * inner, terms, inner);
  });
  reduce_with<F>(partial, y, outer, pieces, inner);
}

}  // namespace

void reduce(Reduce f, const Real* x, Real* y, Index outer, Index n, Index inner) {
  if (f == Reduce::sum) {
    reduce_with<Sum>(x, y, outer, n, inner);
  } else {
    reduce_with<Max>(x, y, outer, n, inner);
  }
}

}  // namespace ito::kernels::ITO_LEVEL
