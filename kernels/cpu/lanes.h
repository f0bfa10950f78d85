#pragma once
// Reductions along contiguous memory with one order at every SIMD level: sixteen interleaved
// partial results, element i in partial i % 16, folded in halves. The width is part of the
// definition of the result, not that of a register.

#include <cstring>
#include <utility>

#include "kernels/types.h"

namespace ito::kernels {
namespace {

constexpr Index partials = 16;

template <class T, int n>
struct VectorOf {
  typedef T type __attribute__((vector_size(n * sizeof(T))));
};
template <class T, int n>
using Partials = typename VectorOf<T, n>::type;

/// Folds 2 n partial results to one with `combine`, which takes vectors as well; I: 0 to n - 1.
template <class T, class Combine, int... I>
inline T fold(const Partials<T, 2 * sizeof...(I)>& partial, const Combine& combine,
              std::integer_sequence<int, I...>) {
  constexpr int n = sizeof...(I);
  if constexpr (n == 1) {
    T result = partial[0];
    combine(result, T(partial[1]));
    return result;
  } else {
    Partials<T, n> low = __builtin_shufflevector(partial, partial, I...);
    const Partials<T, n> high = __builtin_shufflevector(partial, partial, (n + I)...);
    combine(low, high);
    return fold<T>(low, combine, std::make_integer_sequence<int, n / 2>());
  }
}

/// combine(result, term(0)), ..., combine(result, term(n - 1)), starting from `identity`.
template <class T, class Combine, class Term>
inline T reduce_lanes(Index n, T identity, const Combine& combine, const Term& term) {
  T partial[partials];
  for (T& p : partial) p = identity;
  Index i = 0;
  for (; i + partials <= n; i += partials) {
    for (Index j = 0; j < partials; ++j) combine(partial[j], term(i + j));
  }
  for (Index j = 0; i + j < n; ++j) combine(partial[j], term(i + j));
  Partials<T, partials> all;
  std::memcpy(&all, partial, sizeof all);
  return fold<T>(all, combine, std::make_integer_sequence<int, partials / 2>());
}

template <class T, class Term>
inline T sum_lanes(Index n, const Term& term) {
  return reduce_lanes<T>(
      n, T(0), [](auto& a, const auto& b) { a = a + b; }, term);
}

/// The largest of term(0), ..., term(n - 1), n > 0.
template <class Term>
inline Real max_lanes(Index n, const Term& term) {
  return reduce_lanes<Real>(
      n, term(0), [](auto& a, const auto& b) { a = a > b ? a : b; }, term);
}

}  // namespace
}  // namespace ito::kernels
