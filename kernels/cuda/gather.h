#pragma once
// Sources of tiles (loaders.h) that read images through a convolution's taps, so that the matrix of
// neighbourhoods is never written. Coordinates advance by addition; there is no division on the
// way.

#include <numeric>

#include "kernels/cuda/loaders.h"

namespace ito::kernels::cuda {

/// A correlation seen from its targets: pixel (i, j) of `rows` x `columns` gathers, under tap (kh,
/// kw), `depth` channels of one pixel of an image[height, width, depth]. Forward, the image is x
/// and the pixel's row i * stride + kh * dilation - pad; backward, the image is dy and the row
/// i * stride - kh * dilation + pad, that of the output which read it.
struct Gather {
  const Real* image;
  int height, width, depth, rows, columns, KH, KW, stride, dilation_y, dilation_x, pad_y, pad_x;

  __device__ Index image_size() const { return static_cast<Index>(height) * width * depth; }
};

inline int to_int(Index i) { return static_cast<int>(i); }

inline Gather forward_gather(const Conv& s, const Real* x) {
  return {.image = x,
          .height = to_int(s.H),
          .width = to_int(s.W),
          .depth = to_int(s.C),
          .rows = to_int(s.P),
          .columns = to_int(s.Q),
          .KH = to_int(s.KH),
          .KW = to_int(s.KW),
          .stride = to_int(s.stride),
          .dilation_y = to_int(s.dilation),
          .dilation_x = to_int(s.dilation),
          .pad_y = to_int(s.pad),
          .pad_x = to_int(s.pad)};
}

/// What an input gradient is for the samples first, first + stride, ... of an axis: under stride s
/// only every (s / gcd(s, dilation))-th tap finds an output there. With sample first + s i and tap
/// first_tap + tap_step j the output is i + pad - j dilation: a gradient of stride 1.
struct AxisClass {
  int first = 0, count = 0, first_tap = 0, tap_step = 1, taps = 0, pad = 0, dilation = 1;
};
inline AxisClass axis_class(const Conv& s, int first, Index size, Index taps) {
  const auto stride = to_int(s.stride), dilation = to_int(s.dilation), pad = to_int(s.pad);
  AxisClass c = {.first = first, .count = (to_int(size) - first + stride - 1) / stride};
  c.tap_step = stride / std::gcd(stride, dilation);
  while (c.first_tap < c.tap_step && (first + pad - c.first_tap * dilation) % stride != 0) {
    ++c.first_tap;
  }
  const int behind = to_int(taps) - c.first_tap;
  const bool none = c.first_tap == c.tap_step || behind <= 0;
  c.taps = none ? 0 : (behind + c.tap_step - 1) / c.tap_step;
  c.pad = (first + pad - c.first_tap * dilation) / stride;
  c.dilation = c.tap_step * dilation / stride;
  return c;
}

/// One class of the pixels of an input gradient, dx[N, H, W, C], with its taps of w[KH, KW, C, O].
struct PixelClass {
  Gather gather = {};
  AxisClass y, x;
  int H = 0, W = 0, KW = 0, stride = 1;

  /// Where in dx, counted in pixels, the class' pixel is.
  __device__ Index pixel(Index of_class) const {
    const Index positions = static_cast<Index>(y.count) * x.count;
    const auto position = static_cast<int>(of_class % positions);
    const int row = y.first + position / x.count * stride;
    const int column = x.first + position % x.count * stride;
    return (of_class / positions * H + row) * W + column;
  }
  /// Where in w, counted in taps, the class' tap is.
  __device__ int tap(int kh, int kw) const {
    return (y.first_tap + kh * y.tap_step) * KW + x.first_tap + kw * x.tap_step;
  }
};

inline PixelClass pixel_class(const Conv& s, int first_row, int first_column, const Real* dy) {
  PixelClass c = {.y = axis_class(s, first_row, s.H, s.KH),
                  .x = axis_class(s, first_column, s.W, s.KW),
                  .H = to_int(s.H),
                  .W = to_int(s.W),
                  .KW = to_int(s.KW),
                  .stride = to_int(s.stride)};
  c.gather = {.image = dy,
              .height = to_int(s.P),
              .width = to_int(s.Q),
              .depth = to_int(s.O),
              .rows = c.y.count,
              .columns = c.x.count,
              .KH = c.y.taps,
              .KW = c.x.taps,
              .stride = 1,
              .dilation_y = c.y.dilation,
              .dilation_x = c.x.dilation,
              .pad_y = c.y.pad,
              .pad_x = c.x.pad};
  return c;
}

/// Where k = ((kh KW) + kw) depth + c is.
struct Tap {
  int c, kw = 0, kh = 0;

  __device__ void advance(int by, int depth, int KW) {
    c += by;
    while (c >= depth) {
      c -= depth;
      if (++kw == KW) kw = 0, ++kh;
    }
  }
};

__device__ inline bool inside(int i, int size) {
  return static_cast<unsigned>(i) < static_cast<unsigned>(size);
}

/// Pixels' neighbourhoods, along (kh, kw, c).
template <int Width, bool Backward, class R>
class PixelRows {
 public:
  using Role = R;
  __device__ PixelRows(const Gather& g, Index first, Index pixels) : g_(g), tap_{Role::depth()} {
    tap_.advance(0, g.depth, g.KW);
    const Index positions = static_cast<Index>(g.rows) * g.columns;
    ITO_UNROLL
    for (int i = 0; i < Role::count; ++i) {
      const Index pixel = first + Role::row(i);
      const auto position = static_cast<int>(pixel % positions);
      image_[i] = pixel < pixels ? g.image + pixel / positions * g.image_size() : nullptr;
      row_[i] = sign * (position / g.columns * g.stride) - g.pad_y;
      column_[i] = sign * (position % g.columns * g.stride) - g.pad_x;
    }
  }
  __device__ Four load(int i) const {
    if (image_[i] == nullptr) return Four{};
    if constexpr (Width == 4) {
      const Real* const at = address(i, tap_);
      return at == nullptr ? Four{} : load_four(at);
    } else {
      Tap tap = tap_;
      Four x;
      ITO_UNROLL
      for (int j = 0; j < 4; ++j) {
        const Real* const at = address(i, tap);
        x.v[j] = at == nullptr ? Real(0) : *at;
        tap.advance(1, g_.depth, g_.KW);
      }
      return x;
    }
  }
  __device__ void advance(int k) { tap_.advance(k, g_.depth, g_.KW); }

 private:
  static constexpr int sign = Backward ? -1 : 1;

  __device__ const Real* address(int i, const Tap& tap) const {
    const int row = sign * (row_[i] + tap.kh * g_.dilation_y);
    const int column = sign * (column_[i] + tap.kw * g_.dilation_x);
    if (tap.kh >= g_.KH || !inside(row, g_.height) || !inside(column, g_.width)) return nullptr;
    return image_[i] + (static_cast<Index>(row) * g_.width + column) * g_.depth + tap.c;
  }

  const Gather& g_;
  Tap tap_;
  const Real* image_[Role::count];
  int row_[Role::count], column_[Role::count];
};

/// The filter of an input gradient: row c, along (kh, kw, o), of w[KH, KW, C, O].
template <int Width, class R>
class FilterRows {
 public:
  using Role = R;
  __device__ FilterRows(const PixelClass& of, const Real* w, Index first, Index C)
      : class_(of), g_(of.gather), tap_size_(C * g_.depth), tap_{Role::depth()} {
    tap_.advance(0, g_.depth, g_.KW);
    ITO_UNROLL
    for (int i = 0; i < Role::count; ++i) {
      const Index c = first + Role::row(i);
      row_[i] = c < C ? w + c * g_.depth : nullptr;
    }
  }
  __device__ Four load(int i) const {
    if (row_[i] == nullptr) return Four{};
    if constexpr (Width == 4) {
      return tap_.kh < g_.KH ? load_four(row_[i] + offset(tap_)) : Four{};
    } else {
      Tap tap = tap_;
      Four x;
      ITO_UNROLL
      for (int j = 0; j < 4; ++j) {
        x.v[j] = tap.kh < g_.KH ? row_[i][offset(tap)] : Real(0);
        tap.advance(1, g_.depth, g_.KW);
      }
      return x;
    }
  }
  __device__ void advance(int k) { tap_.advance(k, g_.depth, g_.KW); }

 private:
  __device__ Index offset(const Tap& t) const { return class_.tap(t.kh, t.kw) * tap_size_ + t.c; }

  const PixelClass& class_;
  const Gather& g_;
  Index tap_size_;
  Tap tap_;
  const Real* row_[Role::count];
};

/// The neighbourhoods turned: column m = (kh, kw, c), from pixel to pixel of [first, last).
template <int Width, class R>
class PixelColumns {
 public:
  using Role = R;
  __device__ PixelColumns(const Gather& g, Index first, Index last, Index first_column)
      : g_(g), left_(last - first - Role::depth()) {
    const Index pixel = first + Role::depth();
    const Index positions = static_cast<Index>(g.rows) * g.columns;
    const auto position = static_cast<int>(pixel % positions);
    image_ = g.image + pixel / positions * g.image_size();
    row_ = position / g.columns;
    column_ = position % g.columns;
    ITO_UNROLL
    for (int j = 0; j < taps; ++j) {
      const Index m = first_column + Role::column() + j;
      const Index tap = m / g.depth;
      tap_[j] = {static_cast<int>(m % g.depth), static_cast<int>(tap % g.KW),
                 static_cast<int>(tap / g.KW)};
    }
  }
  __device__ Four load() const {
    if (left_ <= 0) return Four{};
    if constexpr (Width == 4) {
      const Real* const at = address(tap_[0]);
      return at == nullptr ? Four{} : load_four(at);
    } else {
      Four x;
      ITO_UNROLL
      for (int j = 0; j < 4; ++j) {
        const Real* const at = address(tap_[j]);
        x.v[j] = at == nullptr ? Real(0) : *at;
      }
      return x;
    }
  }
  __device__ void advance(int k) {
    left_ -= k;
    column_ += k;
    while (column_ >= g_.columns) {
      column_ -= g_.columns;
      if (++row_ == g_.rows) row_ = 0, image_ += g_.image_size();
    }
  }

 private:
  static constexpr int taps = Width == 4 ? 1 : 4;

  __device__ const Real* address(const Tap& t) const {
    const int row = row_ * g_.stride - g_.pad_y + t.kh * g_.dilation_y;
    const int column = column_ * g_.stride - g_.pad_x + t.kw * g_.dilation_x;
    if (t.kh >= g_.KH || !inside(row, g_.height) || !inside(column, g_.width)) return nullptr;
    return image_ + (static_cast<Index>(row) * g_.width + column) * g_.depth + t.c;
  }

  const Gather& g_;
  Index left_;
  const Real* image_;
  int row_, column_;
  Tap tap_[taps];
};

}  // namespace ito::kernels::cuda
