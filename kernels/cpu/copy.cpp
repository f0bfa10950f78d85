// Strided copies: permutations, slices, concatenation, padding, broadcasting; row lookup.

#include "kernels/cpu/level.h"
#include "kernels/cpu/strided.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Copies a piece of the innermost axis.
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

void copy_strided(const Real* a, Real* y, Strided nest) {
  const Strided s = joined(nest);
  const int last = s.rank - 1;
  for_each_run(s, [&](const Offsets& at, Index n) {
    copy_row(a + at.a, y + at.y, n, s.a[last], s.y[last]);
  });
}

void concat(const Real* const* parts, const Index* widths, int count, Real* y, Index rows) {
  Index width = 0;
  for (int i = 0; i < count; ++i) width += widths[i];
  if (width == 0) return;
  parallel_ranges(rows, elementwise_grain / width + 1, [=](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      Real* to = y + r * width;
      for (int i = 0; i < count; ++i) {
        copy_row(parts[i] + r * widths[i], to, widths[i], 1, 1);
        to += widths[i];
      }
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
