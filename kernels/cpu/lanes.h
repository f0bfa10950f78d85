#pragma once
// Reductions along contiguous memory with one order at every SIMD level: sixteen interleaved
// partial results, element i in partial i % 16, folded in halves. The width is part of the
// definition of the result, not that of a register.

#include "kernels/types.h"

namespace ito::kernels {
namespace {

constexpr Index partials = 16;

/// Folds `partial` to one value with `combine`.
template <class T, class Combine>
inline T fold(T (&partial)[partials], const Combine& combine) {
  for (Index half = partials / 2; half > 0; half /= 2) {
    for (Index i = 0; i < half; ++i) partial[i] = combine(partial[i], partial[i + half]);
  }
  return partial[0];
}

/// combine over term(0), ..., term(n - 1), starting from `identity`.
template <class T, class Combine, class Term>
inline T reduce_lanes(Index n, T identity, const Combine& combine, const Term& term) {
  T partial[partials];
  for (T& p : partial) p = identity;
  Index i = 0;
  for (; i + partials <= n; i += partials) {
    for (Index j = 0; j < partials; ++j) partial[j] = combine(partial[j], term(i + j));
  }
  for (Index j = 0; i + j < n; ++j) partial[j] = combine(partial[j], term(i + j));
  return fold(partial, combine);
}

template <class T, class Term>
inline T sum_lanes(Index n, const Term& term) {
  return reduce_lanes<T>(
      n, T(0), [](T a, T b) { return a + b; }, term);
}

/// The largest of term(0), ..., term(n - 1), n > 0.
template <class Term>
inline Real max_lanes(Index n, const Term& term) {
  return reduce_lanes<Real>(
      n, term(0), [](Real a, Real b) { return a > b ? a : b; }, term);
}

}  // namespace
}  // namespace ito::kernels
