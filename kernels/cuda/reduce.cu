// Sums and maxima of x[outer, n, inner] over n. The order of each depends on n, inner and the size
// of a block alone: long ones are cut into pieces of a fixed number of terms, whose results are
// reduced in their turn.

#include <vector>

#include "kernels/cuda/block.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/parts.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/scratch.h"

namespace ito::kernels::cuda {
namespace {

struct Sum : Add {
  static __device__ Real start() { return Real(0); }
};

struct Max : Larger {
  static __device__ Real start() { return -Real(__builtin_inf()); }
};

/// Terms [0, n) of a row, those of thread t = threadIdx.x modulo `threads`: packs t, t + threads,
/// ... and one of what is left behind them. In this order whether or not the packs are aligned.
template <int threads, class F>
__device__ Real reduce_own(const Real* x, Index n, bool in_packs) {
  const int t = static_cast<int>(threadIdx.x) % threads;
  Pack<pack_size> sum;
  for (int k = 0; k < pack_size; ++k) sum.v[k] = F::start();
  const Index packs = n / pack_size;
  for (Index i = t; i < packs; i += threads) {
    Pack<pack_size> term;
    if (in_packs) {
      term = load<pack_size>(x + i * pack_size);
    } else {
      for (int k = 0; k < pack_size; ++k) term.v[k] = x[i * pack_size + k];
    }
    for (int k = 0; k < pack_size; ++k) sum.v[k] = F()(sum.v[k], term.v[k]);
  }
  const Index last = packs * pack_size + t;
  if (last < n) sum.v[0] = F()(sum.v[0], x[last]);
  for (int k = 1; k < pack_size; ++k) sum.v[0] = F()(sum.v[0], sum.v[k]);
  return sum.v[0];
}

/// y[rows] of x[rows, n]: a row to each warp.
template <int threads, class F>
__global__ void reduce_short_rows(const Real* x, Real* y, Index rows, Index n, bool in_packs) {
  constexpr int warps = threads / warp_threads;
  const Index row = Index{blockIdx.x} * warps + threadIdx.x / warp_threads;
  const Index at = row < rows ? row : rows - 1;  // every lane takes part in the exchange
  const Real own = reduce_own<warp_threads, F>(x + at * n, n, in_packs);
  const Real all = warp_reduce(own, F());
  if (row < rows && threadIdx.x % warp_threads == 0) y[row] = all;
}

/// y[rows, pieces] of x[rows, n]: a block to each piece of a row.
template <int threads, class F>
__global__ void reduce_row_pieces(const Real* x, Real* y, Index n, Index pieces, Index piece_terms,
                                  bool in_packs) {
  __shared__ Real partial[threads / warp_threads];
  const Index row = blockIdx.x / pieces, first = (blockIdx.x - row * pieces) * piece_terms;
  const Index terms = first + piece_terms < n ? piece_terms : n - first;
  const Real own = reduce_own<threads, F>(x + row * n + first, terms, in_packs);
  const Real all = block_reduce<threads>(own, partial, F());
  if (threadIdx.x == 0) y[blockIdx.x] = all;
}

/// y[outer, pieces, inner] of x[outer, n, inner]: a block to 32 columns of a piece, the warps to
/// its rows in turn.
template <int threads, class F>
__global__ void reduce_columns(const Real* x, Real* y, Index n, Index inner, Index pieces,
                               Index piece_terms, Index tiles) {
  constexpr int warps = threads / warp_threads;
  __shared__ Real partial[threads];
  const Index piece_of_all = blockIdx.x / tiles, tile = blockIdx.x - piece_of_all * tiles;
  const Index o = piece_of_all / pieces, piece = piece_of_all - o * pieces;
  const int lane = static_cast<int>(threadIdx.x) % warp_threads;
  const int warp = static_cast<int>(threadIdx.x) / warp_threads;
  const Index column = tile * warp_threads + lane;
  const Index end = (piece + 1) * piece_terms < n ? (piece + 1) * piece_terms : n;
  Real value = F::start();
  if (column < inner) {
    for (Index row = piece * piece_terms + warp; row < end; row += warps) {
      value = F()(value, x[(o * n + row) * inner + column]);
    }
  }
  partial[threadIdx.x] = value;
  __syncthreads();
  if (warp == 0 && column < inner) {
    for (int w = 1; w < warps; ++w) value = F()(value, partial[w * warp_threads + lane]);
    y[piece_of_all * inner + column] = value;
  }
}

constexpr Index short_row = 1024, row_piece = 16384, column_piece = 512;

template <class F>
void reduce_rows(const char* name, const Real* x, Real* y, Index rows, Index n) {
  const bool in_packs = aligned(x) && n % pack_size == 0;
  constexpr int threads = block_threads;
  if (n <= short_row) {
    launch(name, reduce_short_rows<threads, F>, blocks_of(rows, threads / warp_threads), threads, 0,
           x, y, rows, n, in_packs);
    return;
  }
  const Index pieces = (n + row_piece - 1) / row_piece;
  const auto reduce_pieces = [&](Real* to) {
    launch(name, reduce_row_pieces<threads, F>, blocks_of(rows * pieces, 1), threads, 0, x, to, n,
           pieces, row_piece, in_packs);
  };
  if (pieces == 1) return reduce_pieces(y);
  const Scratch<Real> partial(rows * pieces, name);
  reduce_pieces(partial.data());
  reduce_rows<F>(name, partial.data(), y, rows, pieces);
}

template <class F>
void reduce_with(const char* name, const Real* x, Real* y, Index outer, Index n, Index inner) {
  if (inner == 1) return reduce_rows<F>(name, x, y, outer, n);
  const Index pieces = n <= column_piece ? 1 : (n + column_piece - 1) / column_piece;
  const Index tiles = (inner + warp_threads - 1) / warp_threads;
  const auto reduce_pieces = [&](Real* to) {
    launch(name, reduce_columns<block_threads, F>, blocks_of(outer * pieces * tiles, 1),
           block_threads, 0, x, to, n, inner, pieces, column_piece, tiles);
  };
  if (pieces == 1) return reduce_pieces(y);
  const Scratch<Real> partial(outer * pieces * inner, name);
  reduce_pieces(partial.data());
  reduce_with<F>(name, partial.data(), y, outer, pieces, inner);
}

/// The squares of a piece, in double, for thread 0. All threads of the block call it.
template <int threads>
__device__ double squares_of(const Real* x, Index n, Index piece, double* of_warps) {
  const Index first = piece * row_piece;
  const Index end = first + row_piece < n ? first + row_piece : n;
  double own = 0;
  for (Index i = first + threadIdx.x; i < end; i += threads) {
    const auto value = static_cast<double>(x[i]);
    own += value * value;
  }
  return block_reduce<threads>(own, of_warps, Add());
}

/// The sum of the pieces, likewise.
template <int threads>
__device__ double sum_of(const double* partial, Index pieces, double* of_warps) {
  double own = 0;
  for (Index i = threadIdx.x; i < pieces; i += threads) own += partial[i];
  return block_reduce<threads>(own, of_warps, Add());
}

/// partial[i] = the squares of piece i.
template <int threads>
__global__ void square_pieces(const Real* x, double* partial, Index n) {
  __shared__ double of_warps[threads / warp_threads];
  const double all = squares_of<threads>(x, n, blockIdx.x, of_warps);
  if (threadIdx.x == 0) partial[blockIdx.x] = all;
}

template <int threads>
__global__ void sum_pieces(const double* partial, double* y, Index pieces) {
  __shared__ double of_warps[threads / warp_threads];
  const double all = sum_of<threads>(partial, pieces, of_warps);
  if (threadIdx.x == 0) *y = all;
}

/// A tensor and the first block that works on it, one for each piece.
struct SquaresPart {
  const Real* x;
  Index n, first_block, pieces;
};

template <int threads>
__global__ void square_pieces_of_all(const SquaresPart* parts, Index count, double* partial) {
  __shared__ double of_warps[threads / warp_threads];
  const SquaresPart part = part_of(parts, count, blockIdx.x);
  const double all = squares_of<threads>(part.x, part.n, blockIdx.x - part.first_block, of_warps);
  if (threadIdx.x == 0) partial[blockIdx.x] = all;
}

/// One block for each tensor.
template <int threads>
__global__ void sum_pieces_of_all(const SquaresPart* parts, const double* partial, double* y) {
  __shared__ double of_warps[threads / warp_threads];
  const SquaresPart part = parts[blockIdx.x];
  const double all = sum_of<threads>(partial + part.first_block, part.pieces, of_warps);
  if (threadIdx.x == 0) y[blockIdx.x] = all;
}

}  // namespace

void reduce(Reduce f, const Real* x, Real* y, Index outer, Index n, Index inner) {
  if (f == Reduce::sum) {
    reduce_with<Sum>("reduce sum", x, y, outer, n, inner);
  } else {
    reduce_with<Max>("reduce max", x, y, outer, n, inner);
  }
}

void sum_squares(const Real* x, double* y, Index n) {
  const Index pieces = (n + row_piece - 1) / row_piece;
  const Scratch<double> partial(pieces + 1, "sum_squares");
  launch("sum_squares", square_pieces<block_threads>, blocks_of(pieces, 1), block_threads, 0, x,
         partial.data(), n);
  launch("sum_squares", sum_pieces<block_threads>, dim3(1), block_threads, 0, partial.data(), y,
         pieces);
}

void sum_squares_all(const Real* const* x, const Index* n, Index count, double* y) {
  if (count == 0) return;
  std::vector<SquaresPart> parts;
  Index blocks = 0;
  for (Index i = 0; i < count; ++i) {
    const Index pieces = (n[i] + row_piece - 1) / row_piece;
    parts.push_back({x[i], n[i], blocks, pieces});
    blocks += pieces;
  }
  const Scratch<SquaresPart> table(count, "sum_squares");
  const Scratch<double> partial(blocks + 1, "sum_squares");
  copy_from_host(table.data(), parts.data(), parts.size() * sizeof(SquaresPart));
  launch("sum_squares", square_pieces_of_all<block_threads>, blocks_of(blocks, 1), block_threads, 0,
         table.data(), count, partial.data());
  launch("sum_squares", sum_pieces_of_all<block_threads>, blocks_of(count, 1), block_threads, 0,
         table.data(), partial.data(), y);
}

}  // namespace ito::kernels::cuda
