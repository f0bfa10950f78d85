// The register tiles of the matrix product, and the loops over blocks around them.

#include "kernels/cpu/product.h"

#include <utility>

#include "kernels/cpu/level.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Where a register tile lives in C, whole vectors wide. `start`: from zero.
struct Tile {
  Real* c;
  Index stride;
  bool start;
};

/// The loops over a tile are unrolled, or the compiler keeps its sums in memory.
template <int R, int V>
ITO_INLINE void load_tile(const Tile& tile, Vec (&sum)[R][V]) {
  if (tile.start) {
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      for (int v = 0; v < V; ++v) sum[i][v] = Vec{};
    }
    return;
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i) {
    for (int v = 0; v < V; ++v) sum[i][v] = load(tile.c + i * tile.stride + v * lanes);
  }
}

template <int R, int V>
ITO_INLINE void store_tile(const Tile& tile, const Vec (&sum)[R][V]) {
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i) {
    for (int v = 0; v < V; ++v) store(tile.c + i * tile.stride + v * lanes, sum[i][v]);
  }
}

/// A panel of B from a row of it on.
struct Panel {
  const Real* data;
  Index step;
  Index width;     ///< columns that count
  Index vectors;   ///< vectors that hold them
  Index ahead;     ///< see Panels
  Index next = 0;  ///< see RowPointers and ColumnPointers
};

/// What a tile asks memory for while it computes: a tile of few products is done before its
/// operands and its place in C would have come by themselves.
enum class Ask { nothing, next_rows, panel_ahead };

/// The rows that the next tile reads, a line of 64 bytes at a time.
template <int R>
class NextRows {
 public:
  NextRows(const Real* const (&row)[R], Index next) : row_(row), next_(next) {}
  void ask() {
    __builtin_prefetch(row_[i_] + next_);
    if (++i_ < R) return;
    i_ = 0;
    next_ += 64 / static_cast<Index>(sizeof(Real));
  }

 private:
  const Real* const (&row_)[R];
  Index next_;
  int i_ = 0;
};

template <int R, int V>
ITO_INLINE void ask_for_tile(const Tile& tile) {
  for (int i = 0; i < R; ++i) {
    for (int v = 0; v < V; ++v) __builtin_prefetch(tile.c + i * tile.stride + v * lanes, 1);
  }
}

/// R rows by V vectors; `depth` Reals from `offset` on of each row under each of `taps` taps.
template <int R, int V, Ask What = Ask::nothing>
void rows_tile(const Real* const* rows, Index taps, Index offset, Index depth, const Panel& right,
               const Tile& tile) {
  const Real* b = right.data;
  const Index step = right.step, ahead = right.ahead;
  Vec sum[R][V];
  load_tile<R, V>(tile, sum);
  if constexpr (What == Ask::next_rows) ask_for_tile<R, V>(tile);
  for (Index t = 0; t < taps; ++t) {
    const Real* row[R];
    for (int i = 0; i < R; ++i) row[i] = rows[t * tile_rows + i] + offset;
    NextRows<R> next(row, right.next);
    for (Index d = 0; d < depth; ++d, b += step) {
      if constexpr (What == Ask::panel_ahead) prefetch_row(b + ahead);
      if constexpr (What == Ask::next_rows) next.ask();
      Vec row_b[V];
      for (int v = 0; v < V; ++v) row_b[v] = load(b + v * lanes);
      for (int i = 0; i < R; ++i) {
        const Vec left = broadcast(row[i][d]);
        for (int v = 0; v < V; ++v) sum[i][v] = multiply_add(left, row_b[v], sum[i][v]);
      }
    }
  }
  store_tile<R, V>(tile, sum);
}

/// The same for A given by columns: the tile's rows begin at `offset` of each column.
template <int R, int V, Ask What = Ask::nothing>
void columns_tile(const Real* const* columns, Index offset, Index depth, const Panel& right_panel,
                  const Tile& tile) {
  const Real* b = right_panel.data;
  const Index step = right_panel.step, next = right_panel.next;
  Vec sum[R][V];
  load_tile<R, V>(tile, sum);
  for (Index d = 0; d < depth; ++d, b += step) {
    const Real* column = columns[d] + offset;
    if constexpr (What == Ask::next_rows) __builtin_prefetch(column + next, 0, 2);
    Vec right[V];
    for (int v = 0; v < V; ++v) right[v] = load(b + v * lanes);
    for (int i = 0; i < R; ++i) {
      const Vec left = broadcast(column[i]);
      for (int v = 0; v < V; ++v) sum[i][v] = multiply_add(left, right[v], sum[i][v]);
    }
  }
  store_tile<R, V>(tile, sum);
}

using RowsTile = void (*)(const Real* const*, Index, Index, Index, const Panel&, const Tile&);
using ColumnsTile = void (*)(const Real* const*, Index, Index, const Panel&, const Tile&);

struct TileTable {
  RowsTile rows[tile_rows][tile_vectors];
  ColumnsTile columns[tile_rows][tile_vectors];
};

template <int... R>
constexpr TileTable tile_table(std::integer_sequence<int, R...>) {
  return {{{rows_tile<R + 1, 1>, rows_tile<R + 1, 2>}...},
          {{columns_tile<R + 1, 1>, columns_tile<R + 1, 2>}...}};
}

constexpr TileTable tiles = tile_table(std::make_integer_sequence<int, tile_rows>());

constexpr RowsTile tile_asking_ahead = rows_tile<tile_rows, tile_vectors, Ask::panel_ahead>;
constexpr RowsTile tile_asking_next = rows_tile<tile_rows, tile_vectors, Ask::next_rows>;
constexpr ColumnsTile columns_asking_next = columns_tile<tile_rows, tile_vectors, Ask::next_rows>;

Panel panel(const Panels& b, Index first, Index last, Index k) {
  const Index width = smaller(panel_width, last - first);
  const Index vectors = (width + lanes - 1) / lanes;
  if (b.step > 0) return {b.data + k * b.step + first, b.step, width, vectors, 0};
  const Index whole = smaller(panel_width, whole_vectors(b.n - first));
  return {b.data + first * b.k + k * whole, whole, width, vectors, b.ahead};
}

/// compute(tile) in a copy of the rows, whose `width` columns are no whole vectors.
template <class Compute>
void compute_copy(const Tile& tile, Index rows, const Panel& right, const Compute& compute) {
  const Index whole = right.vectors * lanes;
  Real copy[tile_rows * panel_width] = {};
  const auto bytes = static_cast<std::size_t>(right.width) * sizeof(Real);
  for (Index i = 0; i < rows && !tile.start; ++i) {
    std::memcpy(copy + i * whole, tile.c + i * tile.stride, bytes);
  }
  compute({copy, whole, tile.start});
  for (Index i = 0; i < rows; ++i) {
    std::memcpy(tile.c + i * tile.stride, copy + i * whole, bytes);
  }
}

/// compute(tile) for rows of `width` columns of C.
template <class Compute>
ITO_INLINE void compute_tile(const Tile& tile, Index rows, const Panel& right,
                             const Compute& compute) {
  if (right.width == right.vectors * lanes) return compute(tile);
  compute_copy(tile, rows, right, compute);
}

/// Packs the first `depth` rows of a panel of `width` columns that lie along the rows of b (B is
/// b^T); both are multiples of lanes.
void pack_transposed(const PanelSource& s, const Real* in, Index depth, Index width, Real* out) {
  for (Index d = 0; d < depth; d += lanes, out += lanes * width) {
    for (Index j = 0; j < width; j += lanes) {
      Vec block[lanes];
      for (Index i = 0; i < lanes; ++i) block[i] = load(in + (j + i) * s.column_stride + d);
      transpose(block);
      for (Index i = 0; i < lanes; ++i) store(out + i * width + j, block[i]);
    }
  }
}

/// Packs `width` columns of the rows of one tap; returns where the next tap goes.
Real* pack_tap(const PanelSource& s, const Real* in, Index width, Real* out) {
  const Index whole = whole_vectors(width);
  Index first = 0;
  if (width == whole && s.row_stride == 1) {
    first = s.depth / lanes * lanes;
    pack_transposed(s, in, first, width, out);
    in += first;
    out += first * whole;
  }
  for (Index d = first; d < s.depth; ++d, in += s.row_stride, out += whole) {
    Index j = 0;
    if (s.column_stride == 1) {
      prefetch_row(in + prefetch_rows * s.row_stride);
      for (; j + lanes <= width; j += lanes) store(out + j, load(in + j));
    }
    for (; j < width; ++j) out[j] = in[j * s.column_stride];
    for (; j < whole; ++j) out[j] = 0;
  }
  return out;
}

/// One block of K: taps [tap, tap + taps), of each the Reals [offset, offset + depth).
struct DepthBlock {
  Index tap, taps, offset, depth;
};

void multiply_rows_block(const RowPointers& a, const Panels& b, const Block& c,
                         const DepthBlock& k) {
  const bool start = !c.accumulate && k.tap == 0 && k.offset == 0;
  for (Index j = c.first; j < c.last; j += panel_width) {
    Panel right = panel(b, j, c.last, a.first + k.tap * a.depth + k.offset);
    right.next = a.next;
    const bool full_panel = right.vectors == tile_vectors;
    const RowsTile full_tile =
        full_panel && a.next > 0 ? tile_asking_next : tiles.rows[tile_rows - 1][right.vectors - 1];
    for (Index r = 0; r < a.count; r += tile_rows) {
      const Index rows = smaller(tile_rows, a.count - r);
      const Tile tile{c.c + r * c.stride + j - c.first, c.stride, start};
      const bool ahead = r == 0 && right.ahead > 0 && rows == tile_rows && full_panel;
      const RowsTile compute = ahead               ? tile_asking_ahead
                               : rows == tile_rows ? full_tile
                                                   : tiles.rows[rows - 1][right.vectors - 1];
      compute_tile(tile, rows, right, [&](const Tile& whole) {
        compute(a.rows + r * a.taps + k.tap * tile_rows, k.taps, a.offset + k.offset, k.depth,
                right, whole);
      });
    }
  }
}

}  // namespace

Index packed_size(Index k, Index n) { return k * whole_vectors(n); }

Panels pack_panels(const PanelSource& s, Real* packed) {
  const Index k = s.taps * s.depth;
  parallel_for((s.n + panel_width - 1) / panel_width, [&](Index i) {
    const Index first = i * panel_width;
    const Index width = smaller(panel_width, s.n - first);
    Real* out = packed + first * k;
    for (Index t = 0; t < s.taps; ++t) {
      out = pack_tap(s, s.b + t * s.tap_stride + first * s.column_stride, width, out);
    }
  });
  return {packed, k, s.n, 0};
}

void multiply_rows(const RowPointers& a, const Panels& b, const Block& c) {
  if (a.depth > block_depth) {
    for (Index t = 0; t < a.taps; ++t) {
      for (Index d = 0; d < a.depth; d += block_depth) {
        multiply_rows_block(a, b, c, {t, 1, d, smaller(block_depth, a.depth - d)});
      }
    }
    return;
  }
  const Index step = a.taps == 1 ? 1 : block_depth / a.depth;
  for (Index t = 0; t < a.taps; t += step) {
    multiply_rows_block(a, b, c, {t, smaller(step, a.taps - t), 0, a.depth});
  }
}

void multiply_columns(const ColumnPointers& a, const Panels& b, const Block& c) {
  for (Index j = c.first; j < c.last; j += panel_width) {
    Panel right = panel(b, j, c.last, a.first);
    right.next = a.next;
    const bool next = a.next > 0 && j == c.first && right.vectors == tile_vectors;
    const ColumnsTile full_tile =
        next ? columns_asking_next : tiles.columns[tile_rows - 1][right.vectors - 1];
    for (Index i = 0; i < a.count; i += tile_rows) {
      const Index rows = smaller(tile_rows, a.count - i);
      const Tile tile{c.c + i * c.stride + j - c.first, c.stride, !c.accumulate};
      const ColumnsTile compute =
          rows == tile_rows ? full_tile : tiles.columns[rows - 1][right.vectors - 1];
      compute_tile(tile, rows, right, [&](const Tile& whole) {
        compute(a.columns, a.offset + i, a.depth, right, whole);
      });
    }
  }
}

}  // namespace ito::kernels::ITO_LEVEL
