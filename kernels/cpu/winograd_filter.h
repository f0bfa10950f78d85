#pragma once
// Transformed filters, packed for the matrix product: U = G w G^T.

#include "kernels/cpu/winograd_tiles.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// The filter's rows [c, c + lanes) and columns [o, o + lanes), tap by tap; zeros outside.
using FilterBlock = Vec[9][lanes];

inline void load_filter(const Correlation& s, const Filter& w, Index c, Index o,
                        FilterBlock& block) {
  for (Index k = 0; k < 9; ++k) {
    if (w.turned) {
      const Real* tap = w.w + (8 - k) * s.C * s.O;
      for (Index i = 0; i < lanes; ++i) {
        block[k][i] = o + i < s.O ? load_part(tap + (o + i) * s.C + c, s.C - c) : Vec{};
      }
      transpose(block[k]);
    } else {
      const Real* tap = w.w + k * s.C * s.O;
      for (Index i = 0; i < lanes; ++i) {
        block[k][i] = c + i < s.C ? load_part(tap + (c + i) * s.O + o, s.O - o) : Vec{};
      }
    }
  }
}

/// Asks for the vectors that load_filter will read for its i-th row.
ITO_INLINE void prefetch_filter(const Correlation& s, const Filter& w, Index c, Index o, Index i) {
  const Index at = w.turned ? (o + i) * s.C + c : (c + i) * s.O + o;
  for (Index k = 0; k < 9; ++k) __builtin_prefetch(w.w + k * s.C * s.O + at);
}

/// U of one row of a block, to u[(i * size + j) * stride].
template <class F>
ITO_INLINE void transform_filter(const FilterBlock& block, Index row, Real* u, Index stride) {
  Vec half[F::size][3];
  for (int j = 0; j < 3; ++j) {
    const Vec column[3] = {block[j][row], block[3 + j][row], block[6 + j][row]};
    Vec out[F::size];
    F::filter(column, out);
    for (int i = 0; i < F::size; ++i) half[i][j] = out[i];
  }
  for (int i = 0; i < F::size; ++i) {
    Vec out[F::size];
    F::filter(half[i], out);
    for (int j = 0; j < F::size; ++j) store(u + (i * F::size + j) * stride, out[j]);
  }
}

/// Reals from one frequency to the next of a panel of U with `rows` rows: not a power of two, so
/// that they do not fall on the same cache sets.
constexpr Index filter_stride(Index rows, Index width) { return rows * width + line; }

/// Columns of the panel of U that begins at column o.
inline Index panel_columns(Index o, Index columns) {
  return smaller(panel_width, whole_vectors(columns - o));
}

/// Rows [first, last) of the panel of U that begins at column o: element f of the transform of
/// filter (c, o + j) to u[f * stride + (c - first) * panel_columns + j]. `first` is a multiple of
/// lanes.
template <class F>
void transform_panel(const Correlation& s, const Filter& w, Index o, Index first, Index last,
                     Real* u, Index stride) {
  const Index width = panel_columns(o, s.O);
  FilterBlock block;
  for (Index c = first; c < last; c += lanes) {
    for (Index j = 0; j < width; j += lanes) {
      load_filter(s, w, c, o + j, block);
      const Index next = j + lanes < width ? c : c + lanes;
      for (Index i = 0; i < smaller(lanes, last - c); ++i) {
        prefetch_filter(s, w, next, next == c ? o + j + lanes : o, i);
        transform_filter<F>(block, i, u + (c - first + i) * width + j, stride);
      }
    }
  }
}

}  // namespace
}  // namespace ito::kernels::ITO_LEVEL
