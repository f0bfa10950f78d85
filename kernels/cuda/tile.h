#pragma once
// The matrix product at the heart of convolutions, Winograd's products and attention: one block of
// threads computes one tile of C = A B in registers.
//
// Plan. A and B pass through shared memory in slices of 8 columns of A and 8 rows of B, stored
// so that the 4 or 8 numbers that a thread wants of each lie together: A turned, [k][row], and B as
// [k][column]. A thread keeps ThreadRows x ThreadColumns sums; for each k it reads
// ThreadRows + ThreadColumns numbers (16-byte reads) and does ThreadRows * ThreadColumns
// multiply-adds, so with 8 x 8 shared memory delivers 4 bytes for every 4 of them, a quarter of
// what it can. Two slices are held: while one is multiplied, the next is on its way from global
// memory into registers, and one barrier a slice is enough.
//
// Banks. A warp is LaneRows x (32 / LaneRows) threads of 4-number steps: with LaneRows = 4 it reads
// 4 different sixteen-byte words of A and 8 of B, each in one pass. Rows of a slice are 4 numbers
// longer than the tile: then the turned store, 16 rows by 2 x 4 columns a warp, meets 32 banks.
//
// Order. A sum runs over k from first to last in one register, whatever the tile, so that a result
// depends on neither the tile's size nor the place of its row.

#include "kernels/cuda/four.h"

namespace ito::kernels::cuda {

/// Depth of a slice.
constexpr int slice = 8;

template <int Threads, int Rows, int Columns, int ThreadRows, int ThreadColumns, int LaneRows = 4>
struct Tile {
  static constexpr int threads = Threads, rows = Rows, columns = Columns;
  static constexpr int blocks = 512 / Threads;  ///< that share a processor: 128 registers a thread
  static constexpr int thread_rows = ThreadRows, thread_columns = ThreadColumns;
  static constexpr int lane_columns = warp_threads / LaneRows;
  static constexpr int row_step = LaneRows * 4, column_step = lane_columns * 4;
  static constexpr int warp_rows = LaneRows * ThreadRows;
  static constexpr int warp_columns = lane_columns * ThreadColumns;
  static_assert(Rows % warp_rows == 0 && Columns % warp_columns == 0);
  static_assert(Rows / warp_rows * (Columns / warp_columns) * warp_threads == Threads);

  using Sums = Real[ThreadRows][ThreadColumns];
  struct Memory {
    Real a[2][slice][Rows + 4], b[2][slice][Columns + 4];
  };

  /// The first of this thread's rows and columns in the tile. Row i of the thread is at
  /// row() + row_of(i), in steps of four neighbours.
  static __device__ int row() {
    const int warp = static_cast<int>(threadIdx.x) / warp_threads;
    const int lane = static_cast<int>(threadIdx.x) % warp_threads;
    return warp / (Columns / warp_columns) * warp_rows + lane / lane_columns * 4;
  }
  static __device__ int column() {
    const int warp = static_cast<int>(threadIdx.x) / warp_threads;
    const int lane = static_cast<int>(threadIdx.x) % warp_threads;
    return warp % (Columns / warp_columns) * warp_columns + lane % lane_columns * 4;
  }
  static __device__ constexpr int row_of(int i) { return i / 4 * row_step + i % 4; }
  static __device__ constexpr int column_of(int j) { return j / 4 * column_step + j % 4; }
};

using LargeTile = Tile<256, 128, 128, 8, 8>;
using SmallTile = Tile<64, 64, 64, 8, 8>;
using NarrowTile = Tile<64, 256, 4, 4, 4, 32>;  ///< of products with up to four columns

template <class T>
__device__ inline void clear(Real (&sums)[T::thread_rows][T::thread_columns]) {
  ITO_UNROLL
  for (int i = 0; i < T::thread_rows; ++i) {
    ITO_UNROLL
    for (int j = 0; j < T::thread_columns; ++j) sums[i][j] = 0;
  }
}

/// sums += A B for one slice; a and b point to this thread's first row and column, and their rows
/// are `a_row` and `b_row` long.
template <class T, int depth = slice>
__device__ inline void multiply_slice(const Real* a, int a_row, const Real* b, int b_row,
                                      typename T::Sums& sums) {
  ITO_UNROLL
  for (int k = 0; k < depth; ++k) {
    Four left[T::thread_rows / 4], right[T::thread_columns / 4];
    ITO_UNROLL
    for (int i = 0; i < T::thread_rows / 4; ++i)
      left[i] = load_four(a + k * a_row + i * T::row_step);
    ITO_UNROLL
    for (int j = 0; j < T::thread_columns / 4; ++j) {
      right[j] = load_four(b + k * b_row + j * T::column_step);
    }
    ITO_UNROLL
    for (int i = 0; i < T::thread_rows; ++i) {
      ITO_UNROLL
      for (int j = 0; j < T::thread_columns; ++j) {
        sums[i][j] = fma_(left[i / 4].v[i % 4], right[j / 4].v[j % 4], sums[i][j]);
      }
    }
  }
}

/// sums += A B over `depth` columns of A. `a` and `b` are loaders (loaders.h): fetch() reads their
/// next slice into registers, store() puts it into shared memory. All threads take part; the
/// memory may be used again after a barrier.
template <class T, class A, class B>
__device__ inline void multiply_tile(typename T::Memory& m, A& a, B& b, Index depth,
                                     typename T::Sums& sums) {
  if (depth <= 0) return;
  constexpr int a_row = T::rows + 4, b_row = T::columns + 4;
  a.fetch();
  b.fetch();
  a.store(&m.a[0][0][0]);
  b.store(&m.b[0][0][0]);
  __syncthreads();
  int now = 0;
  for (Index k = slice; k < depth; k += slice) {
    a.fetch();
    b.fetch();
    multiply_slice<T>(&m.a[now][0][T::row()], a_row, &m.b[now][0][T::column()], b_row, sums);
    now ^= 1;
    a.store(&m.a[now][0][0]);
    b.store(&m.b[now][0][0]);
    __syncthreads();
  }
  multiply_slice<T>(&m.a[now][0][T::row()], a_row, &m.b[now][0][T::column()], b_row, sums);
}

}  // namespace ito::kernels::cuda
