// Strided copies: permutations, slices, concatenation, padding, broadcasting; row lookup.

#include "kernels/cpu/level.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Copies the innermost axis.
inline void copy_row(const Real* a, Real* y, Index n, Index stride_a, Index stride_y) {
  if (stride_a == 1 && stride_y == 1) {
    for (Index i = 0; i < n; ++i) y[i] = a[i];
  } else if (stride_a == 0 && stride_y == 1) {
    const Real value = *a;
    for (Index i = 0; i < n; ++i) y[i] = value;
  } else {
    for (Index i = 0; i < n; ++i) y[i * stride_y] = a[i * stride_a];
  }
}

}  // namespace

void copy_strided(const Real* a, Real* y, Strided s) {
  if (s.rank == 0) {
    *y = *a;
    return;
  }
  const int last = s.rank - 1;
  Index rows = 1;
  for (int axis = 0; axis < last; ++axis) rows *= s.size[axis];
  const Index n = s.size[last];
  if (rows == 0 || n == 0) return;
  if (rows == 1) {
    parallel_ranges(n, elementwise_grain, [&](Index begin, Index end) {
      copy_row(a + begin * s.a[last], y + begin * s.y[last], end - begin, s.a[last], s.y[last]);
    });
    return;
  }
  const Index rows_per_piece = elementwise_grain / n + 1;
  parallel_ranges(rows, rows_per_piece, [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      Index rest = row, from = 0, to = 0;
      for (int axis = last - 1; axis >= 0; --axis) {
        const Index i = rest % s.size[axis];
        rest /= s.size[axis];
        from += i * s.a[axis];
        to += i * s.y[axis];
      }
      copy_row(a + from, y + to, n, s.a[last], s.y[last]);
    }
  });
}

void gather_rows(const Real* table, const Real* row, Real* y, Index n, Index width) {
  for (Index i = 0; i < n; ++i) {
    copy_row(table + static_cast<Index>(row[i]) * width, y + i * width, width, 1, 1);
  }
}

void scatter_rows(const Real* y, const Real* row, Real* table, Index n, Index width, Index rows) {
  for (Index i = 0; i < rows * width; ++i) table[i] = Real(0);
  for (Index i = 0; i < n; ++i) {
    Real* const to = table + static_cast<Index>(row[i]) * width;
    for (Index j = 0; j < width; ++j) to[j] += y[i * width + j];
  }
}

}  // namespace ito::kernels::ITO_LEVEL
