// The correlation: blocks of tiles go to the threads, each block from input to output while it is
// in the cache.

#include <cstdlib>
#include "kernels/cpu/winograd.h"

#include "kernels/cpu/scratch.h"
#include "kernels/cpu/winograd_filter.h"
#include "kernels/cpu/winograd_tiles.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Reals of transformed input that stay in the second-level cache; the most tiles of a block.

static const Index cached_reals = getenv("CR")?atoi(getenv("CR"))*256:320*1024;
static const Index most_tiles = getenv("MT")?atoi(getenv("MT")):96;
/// Rows of a panel of U that a thread transforms at a time.
constexpr Index filter_rows = 64;

template <class F>
constexpr Index frequencies = F::size * F::size;

/// U of the whole filter: panel after panel, each [frequencies][C][panel_columns].
template <class F>
void transform_filters(const Correlation& s, const Filter& w, Real* u) {
  const Index panels = (s.O + panel_width - 1) / panel_width;
  const Index pieces = (s.C + filter_rows - 1) / filter_rows;
  parallel_for(panels * pieces, [&](Index i) {
    const Index o = i / pieces * panel_width, c = i % pieces * filter_rows;
    const Index width = panel_columns(o, s.O);
    transform_panel<F>(s, w, o, c, smaller(s.C, c + filter_rows),
                       u + frequencies<F> * s.C * o + c * width, s.C * width);
  });
}

/// Tiles that a thread takes at a time. Results do not depend on it.
template <class F>
Index block_tiles(const Tiles<F>& tiles) {
  const Index fit = cached_reals / (frequencies<F> * row_stride(tiles.s.C));
  const Index most = smaller(most_tiles, fit / tile_rows * tile_rows);
  return most < tile_rows ? tile_rows : most;
}

/// The transformed input of a block of tiles, V[tile][frequency][channel]: a tile's transform is
/// written to few memory pages.
template <class F>
class TransformedInput {
 public:
  TransformedInput(const Tiles<F>& tiles, const Real* x, const Real* zeros, Index first,
                   Index count)
      : row_(row_stride(tiles.s.C)),
        v_(count * frequencies<F> * row_),
        pointers_(frequencies<F> * count) {
    const Real** pixels = pointers_.data();
    for (Index t = 0; t < count; ++t) {
      tiles.inputs(first + t, x, zeros, pixels + t * frequencies<F>);
    }
    for (Index t = 0; t < count; ++t) {
      const Index next = smaller(t + prefetch_tiles, count - 1);
      transform_tile<InputTransform<F>, 0, F::size>(
          pixels + t * frequencies<F>, pixels + next * frequencies<F>, tiles.s.C, v_.data() + t * frequencies<F> * row_, row_);
    }
    for (Index f = 0; f < frequencies<F>; ++f) {
      for (Index t = 0; t < count; ++t) {
        pointers_.data()[f * count + t] = v_.data() + (t * frequencies<F> + f) * row_;
      }
    }
    count_ = count;
  }
  const Real* const* rows(Index frequency) const { return pointers_.data() + frequency * count_; }

 private:
  Index row_, count_ = 0;
  Scratch v_;
  ScratchOf<const Real*> pointers_;
};

/// y of one tile from its products m[frequency][panel_width], columns [0, columns) of the pixels.
template <class F>
ITO_INLINE void transform_output(const Real* m, Index columns, Real* const* pixels,
                                 Real* const* next, Index o) {
  for (Index j = 0; j < columns; j += lanes) {
    Vec half[F::outputs][F::size];
    for (int c = 0; c < F::size; ++c) {
      Vec in[F::size], out[F::outputs];
      for (int r = 0; r < F::size; ++r) in[r] = load(m + (r * F::size + c) * panel_width + j);
      F::output(in, out);
      for (int r = 0; r < F::outputs; ++r) half[r][c] = out[r];
    }
    prefetch_pixels(next, F::outputs * F::outputs, o + j);
    for (int r = 0; r < F::outputs; ++r) {
      Vec out[F::outputs];
      F::output(half[r], out);
      for (int c = 0; c < F::outputs; ++c) {
        Real* pixel = pixels[r * F::outputs + c];
        if (pixel != nullptr) store_part(pixel + o + j, out[c], columns - j);
      }
    }
  }
}

template <class F>
void correlate_block(const Tiles<F>& tiles, const Real* x, const Real* zeros, const Real* u,
                     Index first, Index count, Real* y) {
  const Correlation& s = tiles.s;
  const TransformedInput<F> v(tiles, x, zeros, first, count);
  constexpr Index tile_products = frequencies<F> * panel_width;
  const Scratch products(count * tile_products);
  constexpr Index pixels = F::outputs * F::outputs;
  const ScratchOf<Real*> memory(count * pixels);
  Real** to = memory.data();
  for (Index t = 0; t < count; ++t) {
    tiles.outputs(first + t, y, static_cast<Real*>(nullptr), to + t * pixels);
  }
  for (Index o = 0; o < s.O; o += panel_width) {
    const Index width = panel_columns(o, s.O);
    for (Index f = 0; f < frequencies<F>; ++f, u += s.C * width) {
      multiply_rows({v.rows(f), count, 1, s.C}, {u, s.C, width},
                    {products.data() + f * panel_width, tile_products, 0, width, false});
    }
    for (Index t = 0; t < count; ++t) {
      const Index next = smaller(t + prefetch_tiles, count - 1);
      transform_output<F>(products.data() + t * tile_products, smaller(panel_width, s.O - o),
                          to + t * pixels, to + next * pixels, o);
    }
  }
}

template <class F>
void correlate(const Correlation& s, const Real* x, const Filter& w, Real* y) {
  const Tiles<F> tiles(s);
  const Scratch u(frequencies<F> * s.C * whole_vectors(s.O));
  transform_filters<F>(s, w, u.data());
  const Scratch zeros(s.C);
  for (Index c = 0; c < s.C; ++c) zeros.data()[c] = 0;
  parallel_ranges(tiles.count(), block_tiles(tiles), [&](Index first, Index last) {
    correlate_block(tiles, x, zeros.data(), u.data(), first, last - first, y);
  });
}

}  // namespace

void winograd(WinogradTile tile, const Correlation& s, const Real* x, const Filter& w, Real* y) {
  if (tile == WinogradTile::four) return correlate<F4>(s, x, w, y);
  correlate<F2>(s, x, w, y);
}

}  // namespace ito::kernels::ITO_LEVEL
