#pragma once
// The left operand of an implicit matrix product: rows are pixels; under each tap of the filter a
// row is the consecutive channels of a pixel of the image, or zeros outside it, so the product
// reads the image through pointers and nothing is copied. With few channels the pixels'
// neighbourhoods are first copied side by side (im2col), a block of rows at a time.

#include "kernels/cpu/product.h"
#include "kernels/cpu/scratch.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Channels below which a neighbourhood is copied rather than pointed at.
constexpr Index few_channels = 8;

/// Where the pixel under each tap is: for position i of an image (of `positions`) and tap t the
/// offset offsets[t * positions + i] into that image, or -1 where there is none.
struct Gather {
  const Real* x = nullptr;
  const Real* zeros = nullptr;  ///< `depth` of them
  const Index* offsets = nullptr;
  /// With few channels, the same for each number of a neighbourhood: [positions][taps][depth].
  const Index* elements = nullptr;
  Index images = 0, image_size = 0, positions = 0, taps = 0, depth = 0;

  Index rows() const { return images * positions; }

  /// Pointers of rows [row, row + count) under tap t, to out[0], out[1], ...
  void pointers(Index t, Index row, Index count, const Real** out) const {
    Index position = row % positions;
    const Real* image = x + row / positions * image_size;
    const Index* offset = offsets + t * positions;
    for (Index i = 0; i < count; ++i) {
      const Index o = offset[position];
      out[i] = o < 0 ? zeros : image + o;
      if (++position == positions) {
        position = 0;
        image += image_size;
      }
    }
  }
};

/// A target of rows x columns pixels, gathered under KH x KW taps from images of height x width
/// pixels of `depth` channels.
struct Extent {
  Index KH, KW, rows, columns, height, width, depth;
};

/// Fills offsets[taps][rows * columns]; row_source(i, kh) and column_source(j, kw) say which row
/// and column of the image lie under a tap, or -1.
template <class RowSource, class ColumnSource>
void fill_offsets(const Extent& e, const RowSource& row_source, const ColumnSource& column_source,
                  Index* offsets) {
  for (Index kh = 0; kh < e.KH; ++kh) {
    for (Index kw = 0; kw < e.KW; ++kw) {
      for (Index i = 0; i < e.rows; ++i) {
        const Index y = row_source(i, kh);
        for (Index j = 0; j < e.columns; ++j) {
          const Index x = column_source(j, kw);
          *offsets++ = y < 0 || x < 0 ? -1 : (y * e.width + x) * e.depth;
        }
      }
    }
  }
}

/// The elements of g from its offsets.
inline void fill_elements(const Gather& g, Index* elements) {
  for (Index i = 0; i < g.positions; ++i) {
    for (Index t = 0; t < g.taps; ++t) {
      const Index offset = g.offsets[t * g.positions + i];
      for (Index c = 0; c < g.depth; ++c) *elements++ = offset < 0 ? -1 : offset + c;
    }
  }
}

/// Memory of a Gather: its offsets, elements and zeros.
class GatherMemory {
 public:
  template <class RowSource, class ColumnSource>
  GatherMemory(Index images, const Extent& e, const RowSource& row_source,
               const ColumnSource& column_source)
      : offsets_(e.KH * e.KW * e.rows * e.columns),
        elements_(e.depth < few_channels ? e.KH * e.KW * e.rows * e.columns * e.depth : 0),
        zeros_(e.depth) {
    fill_offsets(e, row_source, column_source, offsets_.data());
    for (Index i = 0; i < e.depth; ++i) zeros_.data()[i] = 0;
    gather_.zeros = zeros_.data();
    gather_.offsets = offsets_.data();
    gather_.images = images;
    gather_.image_size = e.height * e.width * e.depth;
    gather_.positions = e.rows * e.columns;
    gather_.taps = e.KH * e.KW;
    gather_.depth = e.depth;
    if (e.depth < few_channels) {
      fill_elements(gather_, elements_.data());
      gather_.elements = elements_.data();
    }
  }
  Gather gather(const Real* x) const {
    Gather g = gather_;
    g.x = x;
    return g;
  }

 private:
  ScratchOf<Index> offsets_, elements_;
  Scratch zeros_;
  Gather gather_;
};

/// Copies the neighbourhoods of rows [row, row + count) side by side: out[count][taps * depth]. No
/// branch depends on what is outside of the image: at its edges none could be foretold.
inline void copy_neighbourhoods(const Gather& g, Index row, Index count, Real* out) {
  const Index width = g.taps * g.depth;
  for (Index done = 0; done < count;) {
    const Index position = (row + done) % g.positions;
    const Index positions = smaller(count - done, g.positions - position);
    const Real* const image = g.x + (row + done) / g.positions * g.image_size;
    const Index* const element = g.elements + position * width;
    for (Index i = 0; i < positions * width; ++i) {
      const Real* const from = element[i] < 0 ? g.zeros : image + element[i];
      out[i] = *from;
    }
    out += positions * width;
    done += positions;
  }
}

/// y[count, n] = gathered pixels times B, for the rows [row, row + count).
void gather_block(const Gather& g, const Panels& b, Index row, Index count, Real* y) {
  const Block block{y, b.n, 0, b.n, false};
  if (g.depth < few_channels) {
    const Index width = g.taps * g.depth;
    const Scratch copy(count * width);
    copy_neighbourhoods(g, row, count, copy.data());
    const Real* rows[most_block_rows];
    for (Index r = 0; r < count; ++r) rows[r] = copy.data() + r * width;
    multiply_rows({rows, count, 1, width}, b, block);
    return;
  }
  const ScratchOf<const Real*> memory(row_pointers(count, g.taps));
  const Real** rows = memory.data();
  for (Index r = 0; r < count; r += tile_rows) {
    for (Index t = 0; t < g.taps; ++t) {
      g.pointers(t, row + r, smaller(tile_rows, count - r), rows + r * g.taps + t * tile_rows);
    }
  }
  multiply_rows({rows, count, g.taps, g.depth}, b, block);
}

void gather_product(const Gather& g, const Panels& b, Real* y) {
  parallel_ranges(g.rows(), rows_of_block(b.k, b.n), [&](Index first, Index last) {
    gather_block(g, b, first, last - first, y + first * b.n);
  });
}

}  // namespace
}  // namespace ito::kernels::ITO_LEVEL
