#pragma once
// How a tile product (tile.h) gets its slices: a loader gives each thread its share of a slice, in
// steps of four numbers, and a source knows where these four are and what lies outside.

#include "kernels/cuda/tile.h"

namespace ito::kernels::cuda {

/// A side of `Side` rows whose memory runs along the depth: a thread reads four neighbours in depth
/// of some rows, and turns them as it stores.
template <int Threads, int Side>
struct AlongDepth {
  static constexpr int side = Side;
  static constexpr int step = Threads / 2;  ///< from one row of a thread to its next
  static constexpr int count = (Side + step - 1) / step;

  static __device__ int row(int i) { return static_cast<int>(threadIdx.x) / 2 + i * step; }
  static __device__ int depth() { return static_cast<int>(threadIdx.x) % 2 * 4; }
};

/// A side whose memory runs across the depth: a thread reads four neighbours along the side, at
/// some depths, and stores them as they are.
template <int Threads, int Side>
struct AcrossDepth {
  static constexpr int side = Side;
  static constexpr int chunks = Side / 4;
  static_assert(Threads % chunks == 0);
  static constexpr int step = Threads / chunks < slice ? Threads / chunks : slice;
  static constexpr int count = slice / step;  ///< depths of a thread, `step` apart

  static __device__ int column() { return static_cast<int>(threadIdx.x) % chunks * 4; }
  static __device__ int depth() { return static_cast<int>(threadIdx.x) / chunks; }
};

/// Loads from a source whose `Role` is AlongDepth: load(i) has the four of the i-th row of this
/// thread, advance(k) goes on in depth.
template <class Source>
class DepthLoader {
 public:
  using Role = typename Source::Role;
  __device__ explicit DepthLoader(Source& source) : source_(source) {}

  __device__ void fetch() {
    ITO_UNROLL
    for (int i = 0; i < Role::count; ++i) {
      if (Role::row(i) < Role::side) value_[i] = source_.load(i);
    }
    source_.advance(slice);
  }
  __device__ void store(Real* memory) const {
    ITO_UNROLL
    for (int i = 0; i < Role::count; ++i) {
      if (Role::row(i) >= Role::side) continue;
      Real* const to = memory + Role::depth() * (Role::side + 4) + Role::row(i);
      ITO_UNROLL
      for (int k = 0; k < 4; ++k) to[k * (Role::side + 4)] = value_[i].v[k];
    }
  }

 private:
  Source& source_;
  Four value_[Role::count];
};

/// Loads from a source whose `Role` is AcrossDepth: load() has the four at this thread's depth,
/// advance(k) goes on in depth.
template <class Source>
class SideLoader {
 public:
  using Role = typename Source::Role;
  __device__ explicit SideLoader(Source& source) : source_(source) {}

  __device__ void fetch() {
    if (Role::depth() >= slice) return;
    ITO_UNROLL
    for (int i = 0; i < Role::count; ++i) {
      value_[i] = source_.load();
      source_.advance(Role::step);
    }
  }
  __device__ void store(Real* memory) const {
    if (Role::depth() >= slice) return;
    Real* const to = memory + Role::depth() * (Role::side + 4) + Role::column();
    ITO_UNROLL
    for (int i = 0; i < Role::count; ++i) {
      store_four(to + i * Role::step * (Role::side + 4), value_[i]);
    }
  }

 private:
  Source& source_;
  Four value_[Role::count];
};

/// The first `count` of four numbers at p, and zeros.
__device__ inline Four load_some(const Real* p, Index count) {
  Four x;
  ITO_UNROLL
  for (int j = 0; j < 4; ++j) x.v[j] = j < count ? p[j] : Real(0);
  return x;
}

/// A part of a dense matrix [rows][width].
struct Matrix {
  const Real* data;
  Index rows, width;
};

/// The rows of a matrix, along its width. `Width` 4: whole fours only (in_fours).
template <int Width, class R>
class DenseRows {
 public:
  using Role = R;
  __device__ DenseRows(const Matrix& m, Index first_row) : left_(m.width - Role::depth()) {
    ITO_UNROLL
    for (int i = 0; i < Role::count; ++i) {
      const Index row = first_row + Role::row(i);
      at_[i] = row < m.rows ? m.data + row * m.width + Role::depth() : nullptr;
    }
  }
  __device__ Four load(int i) const {
    if (at_[i] == nullptr || left_ <= 0) return Four{};
    return Width == 4 ? load_four(at_[i]) : load_some(at_[i], left_);
  }
  __device__ void advance(int k) {
    left_ -= k;
    ITO_UNROLL
    for (int i = 0; i < Role::count; ++i) {
      if (at_[i] != nullptr && left_ > 0) at_[i] += k;
    }
  }

 private:
  const Real* at_[Role::count];
  Index left_;
};

/// Columns of a matrix, from row to row.
template <int Width, class R>
class DenseColumns {
 public:
  using Role = R;
  __device__ DenseColumns(const Matrix& m, Index first_row, Index first_column)
      : row_(first_row + Role::depth()),
        rows_(m.rows),
        width_(m.width),
        column_(first_column + Role::column()),
        data_(m.data) {}
  __device__ Four load() const {
    if (row_ >= rows_ || column_ >= width_) return Four{};
    const Real* const at = data_ + row_ * width_ + column_;
    return Width == 4 ? load_four(at) : load_some(at, width_ - column_);
  }
  __device__ void advance(int k) { row_ += k; }

 private:
  Index row_, rows_, width_, column_;
  const Real* data_;
};

/// Calls put(row, column, four sums) for all of a thread's sums whose row is below `rows`, with the
/// tile at (first_row, first_column).
template <class T, class Put>
__device__ inline void for_each_four(const typename T::Sums& sums, Index first_row, Index rows,
                                     Index first_column, const Put& put) {
  ITO_UNROLL
  for (int i = 0; i < T::thread_rows; ++i) {
    const Index row = first_row + T::row() + T::row_of(i);
    if (row >= rows) continue;
    ITO_UNROLL
    for (int j = 0; j < T::thread_columns; j += 4) {
      put(row, first_column + T::column() + T::column_of(j),
          Four{{sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]}});
    }
  }
}

/// Writes x to row `row` of y[.][width] from `column` on, as far as the row goes.
__device__ inline void put_four(Real* y, Index row, Index column, Index width, bool fours,
                                const Four& x) {
  if (column >= width) return;
  Real* const to = y + row * width + column;
  if (fours) return store_four(to, x);
  ITO_UNROLL
  for (int j = 0; j < 4; ++j) {
    if (column + j < width) to[j] = x.v[j];
  }
}

}  // namespace ito::kernels::cuda
