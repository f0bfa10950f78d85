// Scaled dot-product attention in one pass; the matrix of scores is never whole.
//
// A block takes 64 queries and goes through the keys in tiles of 64: scores S = scale q k^T of the
// tile (tile.h, over D), into shared memory; per query the largest score so far m, weights e^(S -
// m) and their sum l; what was summed under an older m is scaled by e^(m_old - m) (Milakov and
// Gimelshein 2018); y += weights v, in registers, for up to 256 columns of v. At the end y / l.

#include "kernels/cuda/attention_tiles.h"
#include "kernels/cuda/block.h"
#include "kernels/cuda/rows.h"
#include "kernels/math.h"

namespace ito::kernels::cuda {
namespace {

/// The running largest score and sum of a block's queries, and what scales the older sums.
struct Running {
  Real largest[side], sum[side], factor[side];
};

/// Turns the scores of a tile, of which `count` columns are there, into weights, and updates the
/// running numbers. A query's columns are divided among Threads / side threads.
template <int Threads>
__device__ inline void exponentials(Real (&weights)[side][side + 4], Running& running,
                                    Index count) {
  constexpr int parts = Threads / side, of_part = side / parts;
  __shared__ Real partial[parts][side];
  const int row = static_cast<int>(threadIdx.x) % side, part = static_cast<int>(threadIdx.x) / side;
  const int first = part * of_part;
  Real largest = -Real(__builtin_inf());
  for (int c = first; c < first + of_part; ++c) {
    if (c < count) largest = Larger()(largest, weights[c][row]);
  }
  partial[part][row] = largest;
  __syncthreads();
  largest = running.largest[row];
  for (int p = 0; p < parts; ++p) largest = Larger()(largest, partial[p][row]);
  __syncthreads();
  Real sum = 0;
  for (int c = first; c < first + of_part; ++c) {
    const Real weight = c < count ? exp_minus(largest - weights[c][row]) : Real(0);
    weights[c][row] = weight;
    sum += weight;
  }
  partial[part][row] = sum;
  __syncthreads();
  if (part == 0) {
    const Real factor = exp_minus(largest - running.largest[row]);
    Real all = running.sum[row] * factor;
    for (int p = 0; p < parts; ++p) all += partial[p][row];
    running.factor[row] = factor;
    running.sum[row] = all;
    running.largest[row] = largest;
  }
  __syncthreads();
}

template <class Of, int Width>
__global__ void __launch_bounds__(Of::Values::threads, Of::blocks)
    attend_tiles(Attention s, Index row_tiles, const Real* q, const Real* k, const Real* v,
                 bool fours, Real* y, Statistic* statistics) {
  using Scores = typename Of::Scores;
  using Values = typename Of::Values;
  __shared__ Memory<Of> memory;
  __shared__ Running running;
  const Index b = blockIdx.x / row_tiles, first_row = blockIdx.x % row_tiles * side;
  const Index first_column = static_cast<Index>(blockIdx.y) * Values::columns;
  const Matrix queries = element_of(q, s.T, s.D, b), keys = element_of(k, s.M, s.D, b);
  const Matrix values = element_of(v, s.M, s.E, b);
  const auto thread = static_cast<int>(threadIdx.x);
  if (thread < side) {
    running.largest[thread] = -Real(__builtin_inf());
    running.sum[thread] = 0;
  }
  typename Values::Sums sums;
  clear<Values>(sums);
  for (Index first = 0; first < s.M; first += side) {
    typename Scores::Sums scores;
    clear<Scores>(scores);
    add_scores<Scores, Width>(memory.scores, queries, first_row, keys, first, scores);
    const Real scale = static_cast<Real>(s.scale);
    write_weights<Scores>(scores, memory.weights, [=](int, int, Real x) { return scale * x; });
    __syncthreads();
    exponentials<Values::threads>(memory.weights, running, s.M - first);
    ITO_UNROLL
    for (int i = 0; i < Values::thread_rows; ++i) {
      const Real factor = running.factor[Values::row() + Values::row_of(i)];
      ITO_UNROLL
      for (int j = 0; j < Values::thread_columns; ++j) sums[i][j] *= factor;
    }
    add_values<Values, Width>(memory.weights, memory.values, values, first, first_column, sums);
  }
  __syncthreads();
  Real* const to = y + b * s.T * s.E;
  const bool nothing = s.M == 0;  // then y is 0
  for_each_four<Values>(sums, first_row, s.T, first_column, [&](Index row, Index column, Four x) {
    const Real inverse = nothing ? Real(0) : 1 / running.sum[row - first_row];
    ITO_UNROLL
    for (int j = 0; j < 4; ++j) x.v[j] *= inverse;
    put_four(to, row, column, s.E, fours, x);
  });
  if (statistics != nullptr && blockIdx.y == 0 && thread < side && first_row + thread < s.T) {
    statistics[b * s.T + first_row + thread] = {running.largest[thread], 1 / running.sum[thread]};
  }
}

}  // namespace

void attend(const Attention& s, const Real* q, const Real* k, const Real* v, Real* y,
            Statistic* statistics) {
  const bool fours = in_fours(s.D, q) && in_fours(s.D, k) && in_fours(s.E, v);
  with_tiles(s.E, [&](auto tiles) {
    using Of = decltype(tiles);
    using Values = typename Of::Values;
    const auto kernel = fours ? attend_tiles<Of, 4> : attend_tiles<Of, 1>;
    launch("attention", kernel, grid_of<Values>(s.B, s.T, s.E), Values::threads, 0, s,
           pieces_of(s.T, side), q, k, v, in_fours(s.E, y), y, statistics);
  });
}

void attention(Attention s, const Real* q, const Real* k, const Real* v, Real* y, Real* /*p*/) {
  if (s.B * s.T * s.E > 0) attend(s, q, k, v, y, nullptr);
}

}  // namespace ito::kernels::cuda
