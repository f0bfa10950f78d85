#pragma once
// Large products A^T B by OpenBLAS, cut into fixed pieces for our threads.
//
// Only these: the rows of A B are often samples, and OpenBLAS adds a row in an order that depends
// on the row's place (its AVX2 kernels do, even inside a panel of fixed height). The rows of A^T B
// are features, as in the gradient of a weight, whose places are fixed.

#include "kernels/blas.h"
#include "kernels/cpu/parallel.h"

#ifdef ITO_OPENBLAS

namespace ito::kernels {
namespace {

constexpr Index blas_rows = 384;
constexpr Index blas_columns = 512;

/// Measured on AVX-512 and AVX2: below, our own tiles are as fast or faster.
inline bool blas_serves(const Gemm& g) { return g.transpose_a && g.m >= 512 && g.n >= 512; }

/// C (+)= A^T op(B), without batch.
inline void multiply_by_blas(const Gemm& g, const Real* a, const Real* b, Real* c) {
  const Index columns = (g.n + blas_columns - 1) / blas_columns;
  const Index rows = (g.m + blas_rows - 1) / blas_rows;
  parallel_for(rows * columns, [&](Index i) {
    const Index row = i / columns * blas_rows, column = i % columns * blas_columns;
    Gemm piece = g;
    piece.m = row + blas_rows < g.m ? blas_rows : g.m - row;
    piece.n = column + blas_columns < g.n ? blas_columns : g.n - column;
    blas_product(piece, {g.m, g.transpose_b ? g.k : g.n, g.n}, a + row,
                 b + (g.transpose_b ? column * g.k : column), c + row * g.n + column);
  });
}

}  // namespace
}  // namespace ito::kernels

#endif
