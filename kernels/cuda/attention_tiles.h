#pragma once
// What attention and its gradient are made of: tiles of 64 x 64 scores, which become weights in
// shared memory, and products of such weights with rows of an operand, up to 256 columns in
// registers.

#include "kernels/cuda/loaders.h"
#include "kernels/types.h"

namespace ito::kernels::cuda {

/// Per query: the largest score and 1 / (sum of e^(score - largest)).
struct Statistic {
  Real largest, inverse;
};

/// y, and the statistics [B, T] where they are wanted.
void attend(const Attention& s, const Real* q, const Real* k, const Real* v, Real* y,
            Statistic* statistics);

namespace {

/// Rows and columns of a tile of scores.
constexpr int side = 64;

/// The tiles of a block of `Threads`: of scores, and of results `Columns` wide.
template <int Threads, int Columns>
struct Tiles;
template <>
struct Tiles<256, 256> {
  static constexpr int blocks = 1;
  using Scores = Tile<256, side, side, 4, 4>;
  using Values = Tile<256, side, 256, 8, 8>;
};
template <>
struct Tiles<256, 64> {
  static constexpr int blocks = 2;
  using Scores = Tile<256, side, side, 4, 4>;
  using Values = Scores;
};
template <>
struct Tiles<64, 64> {
  static constexpr int blocks = 1;
  using Scores = Tile<64, side, side, 8, 8>;
  using Values = Scores;
};

/// What a block keeps in shared memory: the slices that pass, and a tile of weights by columns.
template <class Of>
struct Memory {
  typename Of::Scores::Memory scores;
  Real values[2][slice][Of::Values::columns + 4];
  Real weights[side][side + 4];
};

/// sums += a b^T, of rows of two matrices.
template <class T, int Width>
__device__ inline void add_scores(typename T::Memory& memory, const Matrix& a, Index a_row,
                                  const Matrix& b, Index b_row, typename T::Sums& sums) {
  DenseRows<Width, AlongDepth<T::threads, T::rows>> rows(a, a_row);
  DenseRows<Width, AlongDepth<T::threads, T::columns>> columns(b, b_row);
  DepthLoader left(rows);
  DepthLoader right(columns);
  multiply_tile<T>(memory, left, right, a.width, sums);
}

/// sums += weights^T values for a tile of `side` rows of the matrix from `first` on. The weights
/// must be there; the memory may be used again after a barrier.
template <class T, int Width>
__device__ inline void add_values(const Real (&weights)[side][side + 4],
                                  Real (&slices)[2][slice][T::columns + 4], const Matrix& m,
                                  Index first, Index column, typename T::Sums& sums) {
  DenseColumns<Width, AcrossDepth<T::threads, T::columns>> columns(m, first, column);
  SideLoader loader(columns);
  loader.fetch();
  loader.store(&slices[0][0][0]);
  __syncthreads();
  int now = 0;
  for (int k = 0; k < side; k += slice) {
    const bool more = k + slice < side;
    if (more) loader.fetch();
    multiply_slice<T>(&weights[k][T::row()], side + 4, &slices[now][0][T::column()], T::columns + 4,
                      sums);
    now ^= 1;
    if (more) loader.store(&slices[now][0][0]);
    __syncthreads();
  }
}

/// weights[column][row] = value(row, column, sum).
template <class T, class Value>
__device__ inline void write_weights(const typename T::Sums& sums, Real (&weights)[side][side + 4],
                                     const Value& value) {
  ITO_UNROLL
  for (int j = 0; j < T::thread_columns; ++j) {
    const int column = T::column() + T::column_of(j);
    ITO_UNROLL
    for (int i = 0; i < T::thread_rows; i += 4) {
      const int row = T::row() + T::row_of(i);
      Four out;
      ITO_UNROLL
      for (int k = 0; k < 4; ++k) out.v[k] = value(row + k, column, sums[i + k][j]);
      store_four(&weights[column][row], out);
    }
  }
}

/// Operands of one batch element.
__device__ inline Matrix element_of(const Real* data, Index rows, Index width, Index b) {
  return {data + b * rows * width, rows, width};
}

template <class T>
dim3 grid_of(Index batch, Index rows, Index width) {
  return dim3(static_cast<unsigned>(batch * pieces_of(rows, side)),
              static_cast<unsigned>(pieces_of(width, T::columns)));
}

/// f(the tiles for results of this width).
template <class F>
void with_tiles(Index width, const F& f) {
  width > 64 ? f(Tiles<256, 256>()) : f(Tiles<block_threads, 64>());
}

}  // namespace
}  // namespace ito::kernels::cuda
