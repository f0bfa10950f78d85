#pragma once
// The matrix product under gemm, convolution and attention: C (+)= A B on blocks that fit the
// caches.
//
// Every element of C is one chain c = fma(a_k, b_k, c) over k = 0, 1, ..., started from zero or
// from the C that was there; blocks of K go on with the chain. So the bits of an element depend on
// its row of A and its column of B alone, whatever the cut into blocks, tiles and threads.
//
// B is read in panels of `panel_width` columns (the last one is narrower, rounded up to whole
// vectors), either packed or in place. A is never copied: it is given as pointers,
//  - row pointers: A[r, t * depth + d] = rows[...][d], a row for each of `taps` taps (a
//    convolution's pixel under each tap of its filter; a matrix has one tap), or
//  - column pointers: A[i, k] = columns[k][i] (a transposed matrix; a weight gradient).

#include "kernels/cpu/level.h"
#include "kernels/cpu/simd.h"
#include "kernels/memory.h"

namespace ito::kernels::ITO_LEVEL {

/// Rows and columns of the register tile; rows of C in a block; depth of a block of K.
#if defined(__AVX512F__)
constexpr Index tile_rows = 12;
#elif defined(__AVX2__)
constexpr Index tile_rows = 6;
#else
constexpr Index tile_rows = 4;
#endif
constexpr Index tile_vectors = 2;
constexpr Index panel_width = tile_vectors * lanes;
constexpr Index block_rows = 96;
constexpr Index most_block_rows = 384;
constexpr Index block_depth = 256;

/// Rows of a block for a right operand [k, n]: more where that does not stay in the cache, so that
/// it is read less often.
constexpr Index rows_of_block(Index k, Index n) {
  return k * n > (1 << 18) ? most_block_rows : block_rows;
}

/// The right operand, [k, n]: packed by pack_panels, or in place with `step` Reals from row to row
/// (then n must be a multiple of the vector).
struct Panels {
  const Real* data = nullptr;
  Index k = 0, n = 0;
  Index step = 0;  ///< 0: packed
  /// If not 0: from any row to the one that a later product reads, to be asked for meanwhile.
  Index ahead = 0;
};

/// Reals that pack_panels writes for a right operand [k, n].
Index packed_size(Index k, Index n);

/// Packs B[t * depth + d, j] = b[t * tap_stride + d * row_stride + j * column_stride].
struct PanelSource {
  const Real* b = nullptr;
  Index taps = 1, tap_stride = 0, depth = 0, n = 0;
  Index row_stride = 0, column_stride = 1;
};
Panels pack_panels(const PanelSource& source, Real* packed);

/// Row pointers of `count` rows: the row r = tile * tile_rows + i under tap t is at
/// rows[(tile * taps + t) * tile_rows + i]. They are [first, first + taps * depth) of K.
struct RowPointers {
  const Real* const* rows = nullptr;
  Index count = 0, taps = 1, depth = 0;
  Index first = 0;
  /// If not 0: from any row to the one that the next tile reads, to be asked for meanwhile.
  Index next = 0;
  Index offset = 0;  ///< from every pointer to where its row is
};
constexpr Index row_pointers(Index count, Index taps) {
  return (count + tile_rows - 1) / tile_rows * tile_rows * taps;
}

/// Columns [first, last) of a block of C, whose element [0, 0] is at `c`. `first` is a multiple of
/// panel_width.
struct Block {
  Real* c = nullptr;
  Index stride = 0;  ///< from row to row
  Index first = 0, last = 0;
  bool accumulate = false;
};

/// C[0:count, first:last] (+)= A B for A given by row pointers.
void multiply_rows(const RowPointers& a, const Panels& b, const Block& c);

/// Column pointers of `count` rows for the block [first, first + depth) of K, depth <= block_depth:
/// A[i, first + k] = columns[k][i].
struct ColumnPointers {
  const Real* const* columns = nullptr;
  Index count = 0, first = 0, depth = 0;
  /// If not 0: from any column to the one that the next block of K has in its place, to be asked
  /// for meanwhile.
  Index next = 0;
  Index offset = 0;  ///< from every pointer to where its column is
};

/// C[0:count, first:last] (+)= A B for one block of K; blocks go in order, `accumulate` from the
/// second on.
void multiply_columns(const ColumnPointers& a, const Panels& b, const Block& c);

/// The right operand of a product (`g.m` rows at a time): in place where that is fast, else packed.
class RightOperand {
 public:
  RightOperand(const Gemm& g, const Real* b);
  const Panels& panels() const { return panels_; }

 private:
  Scratch packed_;
  Panels panels_;
};

/// C (+)= op(A) op(B) on the calling thread, without batch (`g.batch` is ignored).
void multiply(const Gemm& g, const Real* a, const Real* b, Real* c);
void multiply(const Gemm& g, const Real* a, const RightOperand& b, Real* c);

}  // namespace ito::kernels::ITO_LEVEL
