// Convolutions: 3x3 ones of stride 1 by Winograd's algorithm where that is faster (conv_choice.h),
// 1x1 ones as one matrix product, all others as implicit matrix products. In those the rows of the
// left operand are pixels; under each tap of the filter a row is C consecutive channels of the
// image, or zeros outside it, so the product reads the image through pointers and nothing is
// copied. With few channels the pixels' neighbourhoods are first copied side by side (im2col), a
// block of rows at a time.

#include "kernels/cpu/conv_choice.h"
#include "kernels/cpu/product.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/winograd.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Channels below which a neighbourhood is copied rather than pointed at.
constexpr Index few_channels = 8;
/// A weight gradient sums pieces of at least `piece_rows` pixels, at most `max_pieces` of them.
constexpr Index piece_rows = 1024;
constexpr Index max_pieces = 8;

/// Where the pixel under each tap is: for position i of an image (of `positions`) and tap t the
/// offset offsets[t * positions + i] into that image, or -1 where there is none.
struct Gather {
  const Real* x = nullptr;
  const Real* zeros = nullptr;  ///< `depth` of them
  const Index* offsets = nullptr;
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

/// Index of the sample that tap `tap` of output `out` reads on an axis of `size`, or -1.
Index source_index(Index out, Index tap, Index size, const Conv& s) {
  const Index i = out * s.stride + tap * s.dilation - s.pad;
  return i >= 0 && i < size ? i : -1;
}

/// The reverse: the output (of `size`) that reads sample `in` by tap `tap`, or -1.
Index reader_index(Index in, Index tap, Index size, const Conv& s) {
  const Index i = in + s.pad - tap * s.dilation;
  return i >= 0 && i % s.stride == 0 && i / s.stride < size ? i / s.stride : -1;
}

using AxisIndex = Index (*)(Index, Index, Index, const Conv&);

/// Fills offsets[taps][rows * columns] for a target of rows x columns pixels gathered from images
/// of height x width pixels of `depth` channels.
struct Extent {
  Index rows, columns, height, width, depth;
};
void fill_offsets(const Conv& s, const Extent& e, AxisIndex index, Index* offsets) {
  for (Index kh = 0; kh < s.KH; ++kh) {
    for (Index kw = 0; kw < s.KW; ++kw) {
      for (Index i = 0; i < e.rows; ++i) {
        const Index y = index(i, kh, e.height, s);
        for (Index j = 0; j < e.columns; ++j) {
          const Index x = index(j, kw, e.width, s);
          *offsets++ = y < 0 || x < 0 ? -1 : (y * e.width + x) * e.depth;
        }
      }
    }
  }
}

/// Memory of a Gather: its offsets and zeros.
class GatherMemory {
 public:
  GatherMemory(const Conv& s, const Extent& e, AxisIndex index)
      : offsets_(s.KH * s.KW * e.rows * e.columns), zeros_(e.depth) {
    fill_offsets(s, e, index, offsets_.data());
    for (Index i = 0; i < e.depth; ++i) zeros_.data()[i] = 0;
    gather_.zeros = zeros_.data();
    gather_.offsets = offsets_.data();
    gather_.images = s.N;
    gather_.image_size = e.height * e.width * e.depth;
    gather_.positions = e.rows * e.columns;
    gather_.taps = s.KH * s.KW;
    gather_.depth = e.depth;
  }
  Gather gather(const Real* x) const {
    Gather g = gather_;
    g.x = x;
    return g;
  }

 private:
  ScratchOf<Index> offsets_;
  Scratch zeros_;
  Gather gather_;
};

/// Copies the neighbourhoods of rows [row, row + count) side by side: out[count][taps * depth].
void copy_neighbourhoods(const Gather& g, Index row, Index count, Real* out) {
  const Index width = g.taps * g.depth;
  const Real* pixels[most_block_rows];
  for (Index t = 0; t < g.taps; ++t) {
    g.pointers(t, row, count, pixels);
    for (Index r = 0; r < count; ++r) {
      Real* to = out + r * width + t * g.depth;
      for (Index c = 0; c < g.depth; ++c) to[c] = pixels[r][c];
    }
  }
}

/// y[rows, n] = gathered pixels times B, rows [row, row + count).
void gather_block(const Gather& g, const Panels& b, Index row, Index count, Real* y) {
  const Block block{y + row * b.n, b.n, 0, b.n, false};
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
  parallel_ranges(g.rows(), rows_of_block(b.k, b.n),
                  [&](Index first, Index last) { gather_block(g, b, first, last - first, y); });
}

bool pointwise(const Conv& s) {
  return s.KH == 1 && s.KW == 1 && s.stride == 1 && s.pad == 0 && s.P == s.H && s.Q == s.W;
}

/// The rows [first, last) of a weight gradient, dw[K, O] = neighbourhoods^T dy, of the taps
/// [tap, tap + taps); with few channels of all taps at once.
void weight_grad_piece(const Gather& g, const Panels& dy, Index first, Index last, Index tap,
                       Real* dw) {
  const bool few = g.depth < few_channels;
  const Index width = few ? g.taps * g.depth : g.depth;
  const Scratch copy(few ? block_depth * width : 0);
  const Real* columns[block_depth];
  Block block{dw + tap * g.depth * dy.n, dy.n, 0, dy.n, false};
  for (Index row = first; row < last; row += block_depth) {
    const Index count = smaller(block_depth, last - row);
    if (few) {
      copy_neighbourhoods(g, row, count, copy.data());
      for (Index r = 0; r < count; ++r) columns[r] = copy.data() + r * width;
    } else {
      g.pointers(tap, row, count, columns);
    }
    multiply_columns({columns, width, row, count}, dy, block);
    block.accumulate = true;
  }
}

/// dw = sum of `pieces` partial sums [pieces][size], added in order.
void add_pieces(const Real* partial, Index pieces, Index size, Real* dw) {
  parallel_ranges(size, elementwise_grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) dw[i] = partial[i];
    for (Index p = 1; p < pieces; ++p) {
      for (Index i = begin; i < end; ++i) dw[i] += partial[p * size + i];
    }
  });
}

void weight_grad(const Gather& g, const Panels& dy, Real* dw) {
  const Index size = g.taps * g.depth * dy.n;
  const Index wanted = (g.rows() + piece_rows - 1) / piece_rows;
  const Index pieces = smaller(wanted, max_pieces);
  const Index rows = (g.rows() + pieces - 1) / pieces;
  const Index taps = g.depth < few_channels ? 1 : g.taps;
  const Scratch partial(pieces > 1 ? pieces * size : 0);
  Real* sums = pieces > 1 ? partial.data() : dw;
  parallel_for(pieces * taps, [&](Index i) {
    const Index first = i / taps * rows;
    weight_grad_piece(g, dy, first, smaller(g.rows(), first + rows), i % taps,
                      sums + i / taps * size);
  });
  if (pieces > 1) add_pieces(sums, pieces, size, dw);
}

void clear(Real* y, Index n) {
  for (Index i = 0; i < n; ++i) y[i] = 0;
}

}  // namespace

namespace {

void direct(const Conv& s, const Real* x, const Real* w, Real* y) {
  const Index k = s.KH * s.KW * s.C;
  const Index rows = s.N * s.P * s.Q;
  if (rows * s.O == 0) return;
  if (k == 0) return clear(y, rows * s.O);
  if (pointwise(s)) return gemm({.m = rows, .n = s.O, .k = s.C}, x, w, y);
  const GatherMemory memory(s, {s.P, s.Q, s.H, s.W, s.C}, source_index);
  const Scratch packed(packed_size(k, s.O));
  const PanelSource source{w, 1, 0, k, s.O, s.O, 1};
  gather_product(memory.gather(x), pack_panels(source, packed.data()), y);
}

}  // namespace

void conv2d_add(Conv s, const Real* x, const Real* w, Addend a, Real* y) {
  const Algorithm algorithm = choose(s, s.P, s.Q, s.C);
  if (algorithm != Algorithm::direct) {
    const Correlation forward{s.N, s.H, s.W, s.C, s.P, s.Q, s.O, s.pad};
    return winograd(tile_of(algorithm), forward, x, {w, false}, a, y);
  }
  direct(s, x, w, y);
  add_shift(a, y, s.N, s.P * s.Q, s.O);
}

void conv2d(Conv s, const Real* x, const Real* w, Real* y) { conv2d_add(s, x, w, {}, y); }

void conv2d_input_grad(Conv s, const Real* dy, const Real* w, Real* dx) {
  const Index k = s.KH * s.KW * s.O;
  const Index rows = s.N * s.H * s.W;
  if (rows * s.C == 0) return;
  if (k * s.P * s.Q == 0) return clear(dx, rows * s.C);
  if (pointwise(s)) {
    return gemm({.m = rows, .n = s.C, .k = s.O, .transpose_b = true}, dy, w, dx);
  }
  const Algorithm algorithm = choose(s, s.H, s.W, s.O);
  if (algorithm != Algorithm::direct) {
    const Correlation back{s.N, s.P, s.Q, s.O, s.H, s.W, s.C, 2 - s.pad};
    return winograd(tile_of(algorithm), back, dy, {w, true}, {}, dx);
  }
  const GatherMemory memory(s, {s.H, s.W, s.P, s.Q, s.O}, reader_index);
  const Scratch packed(packed_size(k, s.C));
  const PanelSource source{w, s.KH * s.KW, s.C * s.O, s.O, s.C, 1, s.O};
  gather_product(memory.gather(dy), pack_panels(source, packed.data()), dx);
}

void conv2d_weight_grad(Conv s, const Real* x, const Real* dy, Real* dw) {
  const Index size = s.KH * s.KW * s.C * s.O;
  const Index rows = s.N * s.P * s.Q;
  if (size == 0) return;
  if (rows * s.H * s.W == 0) return clear(dw, size);
  const Algorithm algorithm = choose_weight_grad(s);
  if (algorithm != Algorithm::direct) {
    const Correlation forward{s.N, s.H, s.W, s.C, s.P, s.Q, s.O, s.pad};
    return winograd_weight_grad(tile_of(algorithm), forward, x, dy, dw);
  }
  const GatherMemory memory(s, {s.P, s.Q, s.H, s.W, s.C}, source_index);
  const bool in_place = s.O % lanes == 0;
  const Scratch packed(in_place ? 0 : packed_size(rows, s.O));
  const PanelSource source{dy, 1, 0, rows, s.O, s.O, 1};
  const Panels right = in_place ? Panels{dy, rows, s.O, s.O} : pack_panels(source, packed.data());
  weight_grad(memory.gather(x), right, dw);
}

}  // namespace ito::kernels::ITO_LEVEL
