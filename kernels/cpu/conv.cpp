// Convolutions: 3x3 ones of stride 1 by Winograd's algorithm where that is faster (conv_choice.h),
// 1x1 ones as one matrix product, those to few channels by conv_few.h, all others as implicit
// matrix products (gather.h).

#include "kernels/cpu/conv_choice.h"
#include "kernels/cpu/conv_few.h"
#include "kernels/cpu/gather.h"
#include "kernels/cpu/product.h"
#include "kernels/cpu/winograd.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// A weight gradient sums pieces of at least `piece_rows` pixels, at most `max_pieces` of them.
constexpr Index piece_rows = 1024;
constexpr Index max_pieces = 8;

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

/// What a convolution gathers from images shaped like its input x, of `depth` channels.
GatherMemory neighbourhoods(const Conv& s, Index depth) {
  return {s.N,
          {s.KH, s.KW, s.P, s.Q, s.H, s.W, depth},
          [&](Index i, Index kh) { return source_index(i, kh, s.H, s); },
          [&](Index j, Index kw) { return source_index(j, kw, s.W, s); }};
}

void clear(Real* y, Index n) {
  for (Index i = 0; i < n; ++i) y[i] = 0;
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

/// A right operand of A^T B, [rows, n]: in place where its rows are whole vectors.
class RowsOperand {
 public:
  RowsOperand(const Real* b, Index rows, Index n)
      : packed_(n % lanes == 0 ? 0 : packed_size(rows, n)),
        panels_(n % lanes == 0 ? Panels{b, rows, n, n}
                               : pack_panels({b, 1, 0, rows, n, n, 1}, packed_.data())) {}
  const Panels& panels() const { return panels_; }

 private:
  Scratch packed_;
  Panels panels_;
};

/// dw[taps, C, O] with few O: the outputs that read a pixel, side by side, against the pixel's
/// channels, dw^T[taps O, C] = readers^T x.
void weight_grad_of_few(const Conv& s, const Real* x, const Real* dy, Real* dw) {
  const GatherMemory readers(
      s.N, {s.KH, s.KW, s.H, s.W, s.P, s.Q, s.O},
      [&](Index i, Index kh) { return reader_index(i, kh, s.P, s); },
      [&](Index j, Index kw) { return reader_index(j, kw, s.Q, s); });
  const RowsOperand pixels(x, s.N * s.H * s.W, s.C);
  const Index taps = s.KH * s.KW;
  const Scratch turned(taps * s.O * s.C);
  weight_grad(readers.gather(dy), pixels.panels(), turned.data());
  for (Index t = 0; t < taps; ++t)
    for (Index c = 0; c < s.C; ++c)
      for (Index o = 0; o < s.O; ++o)
        dw[(t * s.C + c) * s.O + o] = turned.data()[(t * s.O + o) * s.C + c];
}

/// The taps of an axis (`size` of them) that read the samples phase, phase + stride, ...
class PhaseTaps {
 public:
  PhaseTaps(const Conv& s, Index size, Index phase) : taps_(size) {
    for (Index tap = 0; tap < size; ++tap) {
      if ((phase + s.pad - tap * s.dilation) % s.stride == 0) taps_.data()[count_++] = tap;
    }
  }
  Index count() const { return count_; }
  Index operator[](Index i) const { return taps_.data()[i]; }

 private:
  ScratchOf<Index> taps_;
  Index count_ = 0;
};

/// The pixels of an image at the rows `row`, row + stride, ... and the columns `column`, column +
/// stride, ...: `rows` x `columns` of them.
struct Phase {
  Index row, column, rows, columns;
};

/// Copies `count` of a phase's pixels, the first of them `first`, to their places in dx.
void scatter_pixels(const Conv& s, const Phase& p, Index first, Index count, const Real* pixels,
                    Real* dx) {
  const auto bytes = static_cast<std::size_t>(s.C) * sizeof(Real);
  for (Index r = first; r < first + count; ++r, pixels += s.C) {
    const Index image = r / (p.rows * p.columns);
    const Index i = p.row + r / p.columns % p.rows * s.stride;
    const Index j = p.column + r % p.columns * s.stride;
    std::memcpy(dx + ((image * s.H + i) * s.W + j) * s.C, pixels, bytes);
  }
}

/// dx at the pixels of one phase. All are read under the same taps, one in stride^2 of them; the
/// products of the others, with the zeros between the rows of dy, are not made.
void phase_input_grad(const Conv& s, const Phase& p, const Real* dy, const Real* w, Real* dx) {
  const PhaseTaps down(s, s.KH, p.row), across(s, s.KW, p.column);
  const GatherMemory memory(
      s.N, {down.count(), across.count(), p.rows, p.columns, s.P, s.Q, s.O},
      [&](Index i, Index t) { return reader_index(p.row + i * s.stride, down[t], s.P, s); },
      [&](Index j, Index t) { return reader_index(p.column + j * s.stride, across[t], s.Q, s); });
  const Index taps = down.count() * across.count(), size = s.C * s.O;
  const Scratch weights(taps * size), packed(packed_size(taps * s.O, s.C));
  for (Index t = 0; t < taps; ++t) {
    const Index tap = down[t / across.count()] * s.KW + across[t % across.count()];
    const auto bytes = static_cast<std::size_t>(size) * sizeof(Real);
    std::memcpy(weights.data() + t * size, w + tap * size, bytes);
  }
  const PanelSource source{weights.data(), taps, size, s.O, s.C, 1, s.O};
  const Panels right = pack_panels(source, packed.data());
  const Gather readers = memory.gather(dy);
  if (s.stride == 1) return gather_product(readers, right, dx);  // the one phase is all of dx
  parallel_ranges(readers.rows(), rows_of_block(right.k, right.n), [&](Index first, Index last) {
    const Index count = last - first;
    const Scratch block(count * s.C);
    if (taps == 0) clear(block.data(), count * s.C);
    if (taps > 0) gather_block(readers, right, first, count, block.data());
    scatter_pixels(s, p, first, count, block.data(), dx);
  });
}

void direct(const Conv& s, const Real* x, const Real* w, Real* y) {
  const Index k = s.KH * s.KW * s.C;
  const Index rows = s.N * s.P * s.Q;
  if (rows * s.O == 0) return;
  if (k == 0) return clear(y, rows * s.O);
  if (pointwise(s)) return gemm({.m = rows, .n = s.O, .k = s.C}, x, w, y);
  if (to_few_channels(s)) return conv_to_few(s, neighbourhoods(s, products_of_pixel(s)), x, w, y);
  const GatherMemory memory = neighbourhoods(s, s.C);
  const Scratch packed(packed_size(k, s.O));
  const PanelSource source{w, 1, 0, k, s.O, s.O, 1};
  gather_product(memory.gather(x), pack_panels(source, packed.data()), y);
}

}  // namespace

void conv2d_add(Conv s, const Real* x, const Real* w, Addend a, Real* y) {
  const Algorithm algorithm = to_few_channels(s) ? Algorithm::direct : choose(s, s.P, s.Q, s.C);
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
  for (Index i = 0; i < smaller(s.stride, s.H); ++i) {
    for (Index j = 0; j < smaller(s.stride, s.W); ++j) {
      const Index height = (s.H - i + s.stride - 1) / s.stride;
      const Index width = (s.W - j + s.stride - 1) / s.stride;
      phase_input_grad(s, {i, j, height, width}, dy, w, dx);
    }
  }
}

void conv2d_weight_grad(Conv s, const Real* x, const Real* dy, Real* dw) {
  const Index size = s.KH * s.KW * s.C * s.O;
  const Index rows = s.N * s.P * s.Q;
  if (size == 0) return;
  if (rows * s.H * s.W == 0) return clear(dw, size);
  if (to_few_channels(s)) return weight_grad_of_few(s, x, dy, dw);
  const Algorithm algorithm = choose_weight_grad(s);
  if (algorithm != Algorithm::direct) {
    const Correlation forward{s.N, s.H, s.W, s.C, s.P, s.Q, s.O, s.pad};
    return winograd_weight_grad(tile_of(algorithm), forward, x, dy, dw);
  }
  const GatherMemory memory = neighbourhoods(s, s.C);
  weight_grad(memory.gather(x), RowsOperand(dy, rows, s.O).panels(), dw);
}

}  // namespace ito::kernels::ITO_LEVEL
