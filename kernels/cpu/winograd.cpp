// The correlation in one of two orders, which give the same bits. With many tiles, blocks of them
// go to the threads, each from input to output while it is in the cache, and the transformed
// filters stream by. With few tiles the filters are the larger part: then panels of output channels
// go to the threads, which transform their part of the filters piece by piece, in the cache.

#include "kernels/cpu/winograd.h"

#include "kernels/cpu/scratch.h"
#include "kernels/cpu/winograd_filter.h"
#include "kernels/cpu/winograd_tiles.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Reals of transformed input that stay in the second-level cache, and the most tiles of a block:
/// measured, flat around these.
constexpr Index cached_reals = (4 << 18) / static_cast<Index>(sizeof(Real));
constexpr Index most_tiles = 48;
/// Tiles up to which the filters are transformed panel by panel.
constexpr Index few_tiles = 64;
/// Rows of a panel of the filters that are transformed at a time.
constexpr Index filter_rows = 64;
/// Tiles of which a thread transforms the input at a time where a block is shared.
constexpr Index shared_tiles = 4;

template <class F>
constexpr Index frequencies = F::size* F::size;
template <class F>
constexpr Index pixels = F::outputs* F::outputs;

/// The input: x, and zeros for the pixels outside.
class Input {
 public:
  Input(const Real* x, Index channels) : x_(x), zeros_(channels) {
    for (Index c = 0; c < channels; ++c) zeros_.data()[c] = 0;
  }
  const Real* x() const { return x_; }
  const Real* zeros() const { return zeros_.data(); }

 private:
  const Real* x_;
  Scratch zeros_;
};

/// V of `count` tiles from `first` on, as v[tile][frequency][row_stride(C)]: a tile's transform is
/// written to few memory pages.
template <class F>
void transform_inputs(const Tiles<F>& tiles, const Input& in, Index first, Index count, Real* v) {
  const Index row = row_stride(tiles.s.C);
  const ScratchOf<const Real*> memory(count * frequencies<F>);
  const Real** at = memory.data();
  for (Index t = 0; t < count; ++t) {
    tiles.inputs(first + t, in.x(), in.zeros(), at + t * frequencies<F>);
  }
  for (Index t = 0; t < count; ++t) {
    transform_tile<InputTransform<F>, 0, F::size>(at + t * frequencies<F>,
                                                  tiles.inputs_ahead(first + t, in.x()), tiles.s.C,
                                                  v + t * frequencies<F> * row, row);
  }
}

/// The rows of V of the first frequency; those of the next lie `row` Reals further on.
template <class F>
void point_at_rows(const Real* v, Index row, Index count, const Real** rows) {
  for (Index t = 0; t < count; ++t) rows[t] = v + t * frequencies<F> * row;
}

/// Where a correlation's result goes, and what is added to it on the way.
struct Output {
  Real* y;
  Addend addend;
};

/// The sums over the channels of `count` tiles for one panel of output channels.
template <class F>
class Products {
 public:
  Products(const Tiles<F>& tiles, Index first, Index count, const Output& out)
      : tiles_(tiles),
        first_(first),
        count_(count),
        out_(out),
        m_(count * tile_reals),
        pixels_(count * pixels<F>) {
    for (Index t = 0; t < count; ++t) {
      tiles.outputs(first + t, out.y, static_cast<Real*>(nullptr), pixels_.data() + t * pixels<F>);
    }
  }

  /// m[tile][frequency] (+)= V[tile][frequency][depth] u[frequency][depth][width]; `rows` are V's.
  void add(const Real* const* rows, Index depth, const Real* u, Index width, bool accumulate) {
    const Index step = filter_stride(depth, width), row = row_stride(tiles_.s.C);
    for (Index f = 0; f < frequencies<F>; ++f, u += step) {
      multiply_rows({rows, count_, 1, depth, 0, 0, f * row}, {u, depth, width, 0, step},
                    {m_.data() + f * panel_width, tile_reals, 0, width, accumulate});
    }
  }

  /// y of the panel that begins at column o.
  void transform_outputs(Index o) const {
    const Addend& a = out_.addend;
    if (a.shift == nullptr) {
      return transform_outputs(o, [](Vec v, const Place&) { return v; });
    }
    const Vec scale = broadcast(a.scale);
    const Index images = a.per_image ? tiles_.s.O : 0;
    if (a.residual == nullptr) {
      return transform_outputs(o, [=](Vec v, const Place& p) {
        return (v + p.part(a.shift + p.image * images)) * scale;
      });
    }
    transform_outputs(o, [=, this](Vec v, const Place& p) {
      const Vec residual = p.part(a.residual + (p.pixel - out_.y));
      return ((v + p.part(a.shift + p.image * images)) + residual) * scale;
    });
  }

 private:
  static constexpr Index tile_reals = frequencies<F> * panel_width;

  /// The channels [c, c + count) of a pixel of the output.
  struct Place {
    Real* pixel;
    Index image, c, count;
    ITO_INLINE Vec part(const Real* row) const { return load_part(row + c, count); }
  };

  /// `add(v, place)` is what goes to `place` instead of v.
  template <class Add>
  void transform_outputs(Index o, const Add& add) const {
    for (Index t = 0; t < count_; ++t) {
      const auto ahead = tiles_.outputs_ahead(first_ + t, out_.y);
      const Index image = tiles_.image(first_ + t);
      Real* const* to = pixels_.data() + t * pixels<F>;
      for (Index j = 0; j < smaller(panel_width, tiles_.s.O - o); j += lanes) {
        ahead.ask(o + j);
        const Real* m = m_.data() + t * tile_reals + j;
        const Index count = tiles_.s.O - (o + j);
        if (count >= lanes) {  // the compiler's copy without a question at each pixel
          transform_output(m, to, {nullptr, image, o + j, lanes}, add);
        } else {
          transform_output(m, to, {nullptr, image, o + j, count}, add);
        }
      }
    }
  }

  /// One vector of the pixels of one tile.
  template <class Add>
  ITO_INLINE void transform_output(const Real* m, Real* const* to, Place at, const Add& add) const {
    Vec half[F::outputs][F::size];
    for (int c = 0; c < F::size; ++c) {
      Vec in[F::size], out[F::outputs];
      for (int r = 0; r < F::size; ++r) in[r] = load(m + (r * F::size + c) * panel_width);
      F::output(in, out);
      for (int r = 0; r < F::outputs; ++r) half[r][c] = out[r];
    }
    for (int r = 0; r < F::outputs; ++r) {
      Vec out[F::outputs];
      F::output(half[r], out);
      for (int c = 0; c < F::outputs; ++c) {
        at.pixel = to[r * F::outputs + c];
        if (at.pixel == nullptr) continue;
        store_part(at.pixel + at.c, add(out[c], at), at.count);
      }
    }
  }

  const Tiles<F>& tiles_;
  Index first_, count_;
  Output out_;
  Scratch m_;
  ScratchOf<Real*> pixels_;
};

/// Reals of U for a panel of `width` output channels.
template <class F>
constexpr Index panel_reals(Index rows, Index width) {
  return frequencies<F> * filter_stride(rows, width);
}

/// Many tiles: U of the whole filter, panel after panel, each [frequency][C][panel_columns].
template <class F>
void transform_filters(const Correlation& s, const Filter& w, Real* u) {
  const Index panels = (s.O + panel_width - 1) / panel_width;
  const Index pieces = (s.C + filter_rows - 1) / filter_rows;
  parallel_for(panels * pieces, [&](Index i) {
    const Index o = i / pieces * panel_width, c = i % pieces * filter_rows;
    const Index width = panel_columns(o, s.O);
    transform_panel<F>(s, w, o, c, smaller(s.C, c + filter_rows),
                       u + i / pieces * panel_reals<F>(s.C, panel_width) + c * width,
                       filter_stride(s.C, width));
  });
}

/// Tiles that a thread takes at a time: a quarter of all where they are few.
template <class F>
Index block_tiles(const Tiles<F>& tiles) {
  const Index fit = cached_reals / (frequencies<F> * row_stride(tiles.s.C)) / tile_rows * tile_rows;
  const Index quarter = (tiles.count() / 4 + tile_rows - 1) / tile_rows * tile_rows;
  const Index most = smaller(most_tiles, smaller(fit, quarter));
  return most < tile_rows ? tile_rows : most;
}

template <class F>
void correlate_block(const Tiles<F>& tiles, const Input& in, const Real* u, Index first,
                     Index count, const Output& out) {
  const Correlation& s = tiles.s;
  const Index row = row_stride(s.C);
  const Scratch v(count * frequencies<F> * row);
  transform_inputs(tiles, in, first, count, v.data());
  const ScratchOf<const Real*> rows(count);
  point_at_rows<F>(v.data(), row, count, rows.data());
  Products<F> products(tiles, first, count, out);
  for (Index o = 0; o < s.O; o += panel_width) {
    const Index width = panel_columns(o, s.O);
    products.add(rows.data(), s.C, u, width, false);
    products.transform_outputs(o);
    u += panel_reals<F>(s.C, width);
  }
}

template <class F>
void correlate_many(const Tiles<F>& tiles, const Input& in, const Filter& w, const Output& out) {
  const Index panels = (tiles.s.O + panel_width - 1) / panel_width;
  const Scratch u(panels * panel_reals<F>(tiles.s.C, panel_width));
  transform_filters<F>(tiles.s, w, u.data());
  parallel_ranges(tiles.count(), block_tiles(tiles), [&](Index first, Index last) {
    correlate_block(tiles, in, u.data(), first, last - first, out);
  });
}

/// Few tiles: the panel of output channels that begins at column o, from V of all tiles.
template <class F>
void correlate_panel(const Tiles<F>& tiles, const Real* v, const Filter& w, Index o,
                     const Output& out) {
  const Correlation& s = tiles.s;
  const Index count = tiles.count(), width = panel_columns(o, s.O);
  const Scratch u(panel_reals<F>(filter_rows, width));
  const ScratchOf<const Real*> rows(count);
  Products<F> products(tiles, 0, count, out);
  for (Index c = 0; c < s.C; c += filter_rows) {
    const Index depth = smaller(filter_rows, s.C - c);
    transform_panel<F>(s, w, o, c, c + depth, u.data(), filter_stride(depth, width));
    point_at_rows<F>(v + c, row_stride(s.C), count, rows.data());
    products.add(rows.data(), depth, u.data(), width, c > 0);
  }
  products.transform_outputs(o);
}

template <class F>
void correlate_few(const Tiles<F>& tiles, const Input& in, const Filter& w, const Output& out) {
  const Index tile = frequencies<F> * row_stride(tiles.s.C);
  const Scratch v(tiles.count() * tile);
  parallel_ranges(tiles.count(), shared_tiles, [&](Index first, Index last) {
    transform_inputs(tiles, in, first, last - first, v.data() + first * tile);
  });
  parallel_for((tiles.s.O + panel_width - 1) / panel_width,
               [&](Index i) { correlate_panel(tiles, v.data(), w, i * panel_width, out); });
}

template <class F>
void correlate(const Correlation& s, const Real* x, const Filter& w, const Output& out) {
  const Tiles<F> tiles(s);
  const Input in(x, s.C);
  if (tiles.count() <= few_tiles) return correlate_few(tiles, in, w, out);
  correlate_many(tiles, in, w, out);
}

}  // namespace

void winograd(WinogradTile tile, const Correlation& s, const Real* x, const Filter& w,
              const Addend& a, Real* y) {
  if (tile == WinogradTile::four) return correlate<F4>(s, x, w, {y, a});
  correlate<F2>(s, x, w, {y, a});
}

}  // namespace ito::kernels::ITO_LEVEL
