#pragma once
// Large products by OpenBLAS, in pieces of one fixed size: the library's kernels for edges may add
// in another order, so a row must never be an edge in one batch and not in another.

#include "kernels/blas.h"
#include "kernels/cpu/parallel.h"
#include "kernels/memory.h"

#ifdef ITO_OPENBLAS

namespace ito::kernels {
namespace {

/// Rows of a piece, a multiple of the rows (2, 4, 6, 8, 12, 16, 24) of the library's tiles, and its
/// columns.
constexpr Index blas_rows = 96;
constexpr Index blas_columns = 512;

/// Whether OpenBLAS computes products with right operands [k, n]. Measured on AVX-512 and AVX2:
/// below, our own tiles are as fast or faster; the class must not depend on the rows.
inline bool blas_serves(Index n, Index k) { return n >= 1024 && k >= 1024; }

/// Copies a matrix of `rows` rows of `columns` elements, `stride` apart, over the beginning of one
/// with `to_stride`.
inline void copy_matrix(const Real* from, Index stride, Index rows, Index columns, Real* to,
                        Index to_stride) {
  for (Index r = 0; r < rows; ++r) {
    for (Index i = 0; i < columns; ++i) to[r * to_stride + i] = from[r * stride + i];
  }
}

/// A piece of `count` < blas_rows rows, completed with zeros. `b` begins at the piece's first
/// column, `a` and `c` at its first row.
inline void blas_edge(Gemm g, const LeadingSizes& sizes, Index count, const Real* a, const Real* b,
                      Real* c) {
  const Scratch full_a(blas_rows * g.k), full_c(blas_rows * g.n);
  for (Index i = 0; i < blas_rows * g.k; ++i) full_a.data()[i] = 0;
  for (Index i = 0; i < blas_rows * g.n; ++i) full_c.data()[i] = 0;
  const Index a_stride = g.transpose_a ? blas_rows : g.k;
  copy_matrix(a, sizes.a, g.transpose_a ? g.k : count, g.transpose_a ? count : g.k, full_a.data(),
              a_stride);
  if (g.accumulate) copy_matrix(c, sizes.c, count, g.n, full_c.data(), g.n);
  blas_product(g, {a_stride, sizes.b, g.n}, full_a.data(), b, full_c.data());
  copy_matrix(full_c.data(), g.n, count, g.n, c, sizes.c);
}

/// C (+)= op(A) op(B), without batch.
inline void multiply_by_blas(const Gemm& g, const Real* a, const Real* b, Real* c) {
  const LeadingSizes sizes{g.transpose_a ? g.m : g.k, g.transpose_b ? g.k : g.n, g.n};
  const Index columns = (g.n + blas_columns - 1) / blas_columns;
  const Index rows = (g.m + blas_rows - 1) / blas_rows;
  parallel_for(rows * columns, [&](Index i) {
    const Index row = i / columns * blas_rows, column = i % columns * blas_columns;
    const Index count = row + blas_rows < g.m ? blas_rows : g.m - row;
    Gemm piece = g;
    piece.m = blas_rows;
    piece.n = column + blas_columns < g.n ? blas_columns : g.n - column;
    const Real* left = a + (g.transpose_a ? row : row * g.k);
    const Real* right = b + (g.transpose_b ? column * g.k : column);
    Real* out = c + row * g.n + column;
    if (count == blas_rows) {
      blas_product(piece, sizes, left, right, out);
    } else {
      blas_edge(piece, sizes, count, left, right, out);
    }
  });
}

}  // namespace
}  // namespace ito::kernels

#endif
