#pragma once
// The tiles of a correlation, and the transforms of one tile in two dimensions, vectorised over the
// channels.

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/product.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/winograd.h"
#include "kernels/cpu/winograd_f2.h"
#include "kernels/cpu/winograd_f4.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// A row of transformed channels takes an odd number of cache lines, so that rows do not fall on
/// the same cache sets.
constexpr Index line = 64 / static_cast<Index>(sizeof(Real));
constexpr Index row_stride(Index n) { return ((n + line - 1) / line | 1) * line; }

/// The first `count` Reals at p, zeros behind.
ITO_INLINE Vec load_part(const Real* p, Index count) {
  if (count >= lanes) return load(p);
  Real part[lanes] = {};
  std::memcpy(part, p, static_cast<std::size_t>(count) * sizeof(Real));
  return load(part);
}

ITO_INLINE void store_part(Real* p, Vec v, Index count) {
  if (count >= lanes) return store(p, v);
  Real part[lanes];
  store(part, v);
  std::memcpy(p, part, static_cast<std::size_t>(count) * sizeof(Real));
}

/// Where the pixels of `side` x `side` windows lie, one window after the other: their distance from
/// the start of an image [H, W, C], or -1 outside of it. Images that are alike share them.
template <int side>
class Windows {
 public:
  explicit Windows(Index count) : at_(count * pixels) {}

  /// The window that begins at (row, column).
  void place(Index window, Index row, Index column, Index H, Index W, Index C) const {
    Index* at = at_.data() + window * pixels;
    for (int i = 0; i < side; ++i) {
      for (int j = 0; j < side; ++j) {
        const bool inside = row + i >= 0 && row + i < H && column + j >= 0 && column + j < W;
        *at++ = inside ? ((row + i) * W + column + j) * C : -1;
      }
    }
  }

  /// Pointers to the pixels of a window of `image`, `outside` for those that it does not have.
  template <class T>
  ITO_INLINE void point(Index window, T* image, T* outside, T** to) const {
    const Index* at = at_.data() + window * pixels;
    for (int i = 0; i < pixels; ++i) to[i] = at[i] < 0 ? outside : image + at[i];
  }

 private:
  static constexpr int pixels = side * side;
  ScratchOf<Index> at_;
};

/// Pixels to ask memory for: `count` of them, side by side.
template <int count>
struct Ahead {
  const Real* first;
  Index channels;
  /// Their vectors at channel c, to be in the second-level cache.
  ITO_INLINE void ask(Index c) const {
    for (int i = 0; i < count; ++i) __builtin_prefetch(first + i * channels + c, 0, 2);
  }
};

/// The tiles of F's outputs that cover an image [P, Q], counted over all images.
template <class F>
class Tiles {
 public:
  const Correlation s;

  explicit Tiles(const Correlation& correlation)
      : s(correlation),
        rows_((s.P + F::outputs - 1) / F::outputs),
        columns_((s.Q + F::outputs - 1) / F::outputs),
        inputs_(rows_ * columns_),
        outputs_(rows_ * columns_) {
    constexpr Index tiles_at_once = 1024;
    parallel_ranges(rows_ * columns_, tiles_at_once, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) {
        const Index row = i / columns_ * F::outputs, column = i % columns_ * F::outputs;
        inputs_.place(i, row - s.pad, column - s.pad, s.H, s.W, s.C);
        outputs_.place(i, row, column, s.P, s.Q, s.O);
      }
    });
  }
  Index count() const { return s.N * rows_ * columns_; }
  Index image(Index t) const { return t / (rows_ * columns_); }

  /// Pointers to the pixels of x that tile `t` reads; `zeros` (C of them) outside.
  void inputs(Index t, const Real* x, const Real* zeros, const Real** pixels) const {
    inputs_.point(in_image(t), x + image(t) * s.H * s.W * s.C, zeros, pixels);
  }

  /// Pointers to the pixels of y, with `outside` for those of the tile that y does not have.
  template <class T>
  void outputs(Index t, T* y, T* outside, T** pixels) const {
    outputs_.point(in_image(t), y + image(t) * s.P * s.Q * s.O, outside, pixels);
  }

  /// What to ask for while tile `t` is worked on: its share of the image, but a row of tiles and
  /// two further on, as a tile's pixels lie where the processor does not guess.
  using Share = Ahead<F::outputs * F::outputs>;
  Share inputs_ahead(Index t, const Real* x) const { return {ahead(t, x, s.H * s.W, s.C), s.C}; }
  Share outputs_ahead(Index t, const Real* y) const { return {ahead(t, y, s.P * s.Q, s.O), s.O}; }

 private:
  Index in_image(Index t) const { return t % (rows_ * columns_); }
  const Real* ahead(Index t, const Real* x, Index pixels, Index channels) const {
    const Index later = smaller(t + columns_ + 2, count() - 1);
    const Index pixel = in_image(later) * (pixels / (rows_ * columns_));
    return x + (image(later) * pixels + pixel) * channels;
  }

  Index rows_, columns_;
  Windows<F::size> inputs_;
  Windows<F::outputs> outputs_;
};

/// Channels [c, c + lanes) of transform_tile, of which `count` are there. Not unrolled, as what is
/// half done does not fit the registers either way.
template <class T, int First, int Rows>
ITO_INLINE void transform_channels(const Real* const* pixels, Index c, Index count, Real* out,
                                   Index stride) {
  constexpr Index From = T::from, To = T::to;
  Vec half[Rows][From];
#pragma GCC unroll 1
  for (Index j = 0; j < From; ++j) {
    Vec in[From], column[To];
    for (Index i = 0; i < From; ++i) in[i] = load_part(pixels[i * From + j] + c, count);
    T::apply(in, column);
    for (Index i = 0; i < Rows; ++i) half[i][j] = column[First + i];
  }
#pragma GCC unroll 1
  for (Index i = 0; i < Rows; ++i) {
    Vec row[To];
    T::apply(half[i], row);
    for (Index j = 0; j < To; ++j) store(out + (i * To + j) * stride + c, row[j]);
  }
}

/// Rows [First, First + Rows) of the transform T of one tile, in each dimension from `From` to `To`
/// values: pixels[From * From][channels] -> out[(i * To + j) * stride + channel], i counted from
/// First. Whole vectors are told apart here, not at each load.
template <class T, int First, int Rows, class Share>
ITO_INLINE void transform_tile(const Real* const* pixels, const Share& ahead, Index channels,
                               Real* out, Index stride) {
  const Index whole = channels / lanes * lanes;
  for (Index c = 0; c < whole; c += lanes) {
    ahead.ask(c);
    transform_channels<T, First, Rows>(pixels, c, lanes, out, stride);
  }
  if (whole == channels) return;
  transform_channels<T, First, Rows>(pixels, whole, channels - whole, out, stride);
}

/// The transforms of a tile of the input and, for a weight gradient, of the output's gradient.
template <class F>
struct InputTransform {
  static constexpr int from = F::size, to = F::size;
  static ITO_INLINE void apply(const Vec (&in)[from], Vec (&out)[to]) { F::input(in, out); }
};
template <class F>
struct OutputAdjoint {
  static constexpr int from = F::outputs, to = F::size;
  static ITO_INLINE void apply(const Vec (&in)[from], Vec (&out)[to]) {
    F::output_adjoint(in, out);
  }
};

}  // namespace
}  // namespace ito::kernels::ITO_LEVEL
