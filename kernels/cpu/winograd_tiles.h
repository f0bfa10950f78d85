#pragma once
// The tiles of a correlation, and the transforms of one tile in two dimensions, vectorised over the
// channels.

#include "kernels/cpu/product.h"
#include "kernels/cpu/winograd.h"
#include "kernels/cpu/winograd_f2.h"
#include "kernels/cpu/winograd_f4.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

constexpr Index whole_vectors(Index n) { return (n + lanes - 1) / lanes * lanes; }

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

/// The tiles of F's outputs that cover an image [P, Q], counted over all images.
template <class F>
struct Tiles {
  Correlation s;
  Index rows, columns;

  explicit Tiles(const Correlation& correlation)
      : s(correlation),
        rows((s.P + F::outputs - 1) / F::outputs),
        columns((s.Q + F::outputs - 1) / F::outputs) {}
  Index count() const { return s.N * rows * columns; }
  Index image(Index t) const { return t / (rows * columns); }

  /// Pointers to the pixels of x that tile `t` reads; `zeros` (C of them) outside.
  void inputs(Index t, const Real* x, const Real* zeros, const Real** pixels) const {
    const Index row = t / columns % rows * F::outputs - s.pad;
    const Index column = t % columns * F::outputs - s.pad;
    const Real* image = x + t / columns / rows * s.H * s.W * s.C;
    for (int i = 0; i < F::size; ++i) {
      const bool inside = row + i >= 0 && row + i < s.H;
      for (int j = 0; j < F::size; ++j) {
        const bool has = inside && column + j >= 0 && column + j < s.W;
        pixels[i * F::size + j] = has ? image + ((row + i) * s.W + column + j) * s.C : zeros;
      }
    }
  }

  /// Pointers to the pixels of y, with `outside` for those of the tile that y does not have.
  template <class T>
  void outputs(Index t, T* y, T* outside, T** pixels) const {
    const Index row = t / columns % rows * F::outputs;
    const Index column = t % columns * F::outputs;
    T* image = y + t / columns / rows * s.P * s.Q * s.O;
    for (int i = 0; i < F::outputs; ++i) {
      for (int j = 0; j < F::outputs; ++j) {
        const bool has = row + i < s.P && column + j < s.Q;
        pixels[i * F::outputs + j] = has ? image + ((row + i) * s.Q + column + j) * s.O : outside;
      }
    }
  }
};

/// Tiles to ask memory for ahead of their use; their pixels lie where the processor does not guess.
constexpr Index prefetch_tiles = 2;

/// Asks for the vectors of `count` pixels at channel `c`, to be in the second-level cache.
ITO_INLINE void prefetch_pixels(const Real* const* pixels, Index count, Index c) {
  for (Index i = 0; i < count; ++i) __builtin_prefetch(pixels[i] + c, 0, 2);
}

/// Rows [First, First + Rows) of the transform T of one tile, in each dimension from `From` to `To`
/// values: pixels[From * From][channels] -> out[(i * To + j) * stride + channel], i counted from
/// First. The pixels `next` are those of a later tile.
template <class T, int First, int Rows>
ITO_INLINE void transform_tile(const Real* const* pixels, const Real* const* next, Index channels,
                               Real* out, Index stride) {
  constexpr Index From = T::from, To = T::to;
  for (Index c = 0; c < channels; c += lanes) {
    prefetch_pixels(next, From * From, c);
    Vec half[Rows][From];
    for (Index j = 0; j < From; ++j) {
      Vec in[From], column[To];
      for (Index i = 0; i < From; ++i) in[i] = load_part(pixels[i * From + j] + c, channels - c);
      T::apply(in, column);
      for (Index i = 0; i < Rows; ++i) half[i][j] = column[First + i];
    }
    for (Index i = 0; i < Rows; ++i) {
      Vec row[To];
      T::apply(half[i], row);
      for (Index j = 0; j < To; ++j) store(out + (i * To + j) * stride + c, row[j]);
    }
  }
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
