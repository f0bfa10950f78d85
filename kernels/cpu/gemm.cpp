// Matrix products: cut into blocks of C, each computed by multiply_rows or multiply_columns; large
// ones A^T B by OpenBLAS where the build has it.

#include "kernels/cpu/blas_pieces.h"
#include "kernels/cpu/product.h"
#include "kernels/memory.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Columns of C that one piece of work computes; rows from which packing B pays.
constexpr Index piece_columns = 8 * panel_width;
constexpr Index packing_rows = 4 * tile_rows;
/// Columns from which copying a block of A pays.
constexpr Index copying_columns = 2 * panel_width;

void clear(Real* c, Index n) {
  for (Index i = 0; i < n; ++i) c[i] = 0;
}

/// Rows of C that one piece of work computes; of A^T, whose rows are columns, more, as their memory
/// lies together.
Index rows_at_once(const Gemm& g) {
  constexpr Index columns = 144;
  return g.transpose_a && columns > rows_of_block(g.k, g.n) ? columns : rows_of_block(g.k, g.n);
}

/// Not where B lies as its one panel would be packed.
bool needs_packing(const Gemm& g) {
  return g.transpose_b || g.n % lanes != 0 || (g.n > panel_width && g.m >= packing_rows);
}

Panels panels_of(const Gemm& g, const Real* b, Real* packed) {
  if (!needs_packing(g)) return {b, g.k, g.n, g.n};
  PanelSource source;
  source.b = b;
  source.depth = g.k;
  source.n = g.n;
  source.row_stride = g.transpose_b ? 1 : g.n;
  source.column_stride = g.transpose_b ? g.k : 1;
  return pack_panels(source, packed);
}

/// A block of a matrix, rows x width, whose rows lie `stride` apart.
struct Part {
  const Real* data;
  Index rows, width, stride;
};

/// Points at the rows of `part`; with `copy`, unless they are dense, at a dense copy of them, where
/// they do not fall on the same cache sets as the rows of a matrix of 2^n columns do. Returns how
/// far apart the matrix's rows lie, 0 where they have been copied.
Index point_at_rows(const Part& part, Real* copy, const Real** rows) {
  const bool in_place = copy == nullptr || part.stride == part.width;
  for (Index r = 0; r < part.rows; ++r) {
    rows[r] = part.data + r * part.stride;
    if (in_place) continue;
    Real* to = copy + r * part.width;
    for (Index i = 0; i < part.width; ++i) to[i] = rows[r][i];
    rows[r] = to;
  }
  return in_place ? part.stride : 0;
}

/// The block of rows of C that begins at `row`, columns [first, last).
void multiply_piece(const Gemm& g, const Real* a, const Panels& b, Real* c, Index row, Index first,
                    Index last) {
  const Index count = smaller(rows_at_once(g), g.m - row);
  const bool copies = last - first >= copying_columns;
  const Scratch copy(copies ? count * smaller(g.k, block_depth) : 0);
  Real* copied = copies ? copy.data() : nullptr;
  const Real* pointers[most_block_rows > block_depth ? most_block_rows : block_depth];
  Block block{c + row * g.n + first, g.n, first, last, g.accumulate};
  for (Index k = 0; k < g.k; k += block_depth) {
    const Index depth = smaller(block_depth, g.k - k);
    if (g.transpose_a) {
      const Index apart = point_at_rows({a + k * g.m + row, depth, count, g.m}, copied, pointers);
      multiply_columns({pointers, count, k, depth, block_depth * apart}, b, block);
    } else {
      const Index apart = point_at_rows({a + row * g.k + k, count, depth, g.k}, copied, pointers);
      multiply_rows({pointers, count, 1, depth, k, tile_rows * apart}, b, block);
    }
    block.accumulate = true;
  }
}

/// A product A^T B sums over the rows of both, often many more than C has rows and columns: the sum
/// is cut into at most `most_sums` of at least `sum_rows` rows, added in order. A piece's rows of
/// both operands are read once, by one thread, from its cache.
constexpr Index sum_rows = 512;
constexpr Index most_sums = 8;
constexpr Index small_product = 1 << 18;

Index sums_of(const Gemm& g) {
  if (!g.transpose_a || g.transpose_b || g.m * g.n > small_product) return 1;
  const Index sums = g.k / sum_rows;
  return sums < 1 ? 1 : smaller(sums, most_sums);
}

void multiply_sums(const Gemm& g, Index sums, const Real* a, const Real* b, Real* c) {
  const Index size = g.m * g.n;
  const Scratch memory(sums * size);
  Real* parts = memory.data();
  parallel_for(sums, [&](Index i) {
    const Index first = i * g.k / sums, last = (i + 1) * g.k / sums;
    Gemm part = g;
    part.k = last - first;
    part.accumulate = false;
    multiply(part, a + first * g.m, b + first * g.n, parts + i * size);
  });
  parallel_ranges(size, elementwise_grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      Real sum = parts[i];
      for (Index p = 1; p < sums; ++p) sum += parts[p * size + i];
      c[i] = g.accumulate ? c[i] + sum : sum;
    }
  });
}

/// One product, its pieces given to the threads.
void multiply_parallel(const Gemm& g, const Real* a, const Real* b, Real* c) {
  if (const Index sums = sums_of(g); sums > 1) return multiply_sums(g, sums, a, b, c);
#ifdef ITO_OPENBLAS
  if (blas_serves(g)) return multiply_by_blas(g, a, b, c);
#endif
  const RightOperand right(g, b);
  const Index columns = (g.n + piece_columns - 1) / piece_columns;
  const Index step = rows_at_once(g);
  const Index rows = (g.m + step - 1) / step;
  parallel_for(rows * columns, [&](Index i) {
    const Index first = i % columns * piece_columns;
    multiply_piece(g, a, right.panels(), c, i / columns * step, first,
                   smaller(g.n, first + piece_columns));
  });
}

}  // namespace

RightOperand::RightOperand(const Gemm& g, const Real* b)
    : packed_(needs_packing(g) ? packed_size(g.k, g.n) : 0),
      panels_(panels_of(g, b, packed_.data())) {}

void multiply(const Gemm& g, const Real* a, const RightOperand& b, Real* c) {
  if (g.k == 0 && !g.accumulate) clear(c, g.m * g.n);
  if (g.m == 0 || g.n == 0 || g.k == 0) return;
  const Index step = rows_at_once(g);
  for (Index row = 0; row < g.m; row += step) {
    multiply_piece(g, a, b.panels(), c, row, 0, g.n);
  }
}

void multiply(const Gemm& g, const Real* a, const Real* b, Real* c) {
  multiply(g, a, RightOperand(g, b), c);
}

void gemm(Gemm g, const Real* a, const Real* b, Real* c) {
  if (g.batch == 0 || g.m == 0 || g.n == 0) return;
  const bool stacked =
      !g.transpose_a && g.stride_b == 0 && g.stride_a == g.m * g.k && g.stride_c == g.m * g.n;
  if (stacked) {
    g.m *= g.batch;
    g.batch = 1;
  }
  // Products with a large right operand one after the other, each by all threads; small ones each
  // by one thread.
  constexpr Index large = 1 << 17;
  if (g.k > 0 && (g.batch == 1 || g.n * g.k >= large)) {
    for (Index i = 0; i < g.batch; ++i) {
      multiply_parallel(g, a + i * g.stride_a, b + i * g.stride_b, c + i * g.stride_c);
    }
    return;
  }
  const Index grain = 1 + (1 << 16) / (1 + g.m * g.n * g.k);
  parallel_ranges(g.batch, grain, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      multiply(g, a + i * g.stride_a, b + i * g.stride_b, c + i * g.stride_c);
    }
  });
}

}  // namespace ito::kernels::ITO_LEVEL
