// The gradient of attention (Dao et al. 2022), with P = softmax(S) made again from what a forward
// pass has saved per query:
//   delta_t = sum_e dy[t, e] y[t, e]            dS = scale P (dP - delta),  dP = dy v^T
//   dv = P^T dy      dk = dS^T q      dq = dS k
// Each of these three is a sum over tiles like y: a block takes 64 rows of the result, and for each
// tile of the other side makes the weights, P or dS, with its own rows as rows, and multiplies. No
// two blocks write to the same place: nothing is atomic, and the order is fixed. The price is that
// scores are made four times, dP twice: ten products where seven would do.

#include "kernels/cuda/attention_tiles.h"
#include "kernels/cuda/block.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/scratch.h"
#include "kernels/math.h"

namespace ito::kernels::cuda {
namespace {

/// One gradient: result = weights operand, the weights P or dS of `rows` x `columns`, which are the
/// queries and the keys or the other way round. `from_row` and `from_column` give dP.
struct GradSide {
  const Real *row, *column;            ///< whose products are the scores: [., D]
  const Real *from_row, *from_column;  ///< whose products are dP: [., E]
  const Real* operand;                 ///< [columns, width]
  Index rows, columns, width;
};

template <class Of, int Width, bool RowsAreQueries, bool OfScores>
__global__ void __launch_bounds__(Of::Values::threads, OfScores ? 1 : Of::blocks)
    attention_grad_tiles(Attention s, GradSide g, Index row_tiles, const Statistic* statistics,
                         const Real* delta, Real* result) {
  using Scores = typename Of::Scores;
  using Values = typename Of::Values;
  __shared__ Memory<Of> memory;
  const Index b = blockIdx.x / row_tiles, first_row = blockIdx.x % row_tiles * side;
  const Index first_column = static_cast<Index>(blockIdx.y) * Values::columns;
  const Matrix rows = element_of(g.row, g.rows, s.D, b);
  const Matrix columns = element_of(g.column, g.columns, s.D, b);
  const Matrix from_rows = element_of(g.from_row, g.rows, s.E, b);
  const Matrix from_columns = element_of(g.from_column, g.columns, s.E, b);
  const Matrix operand = element_of(g.operand, g.columns, g.width, b);
  const Real scale = static_cast<Real>(s.scale);
  const auto* const weights = memory.weights;
  typename Values::Sums sums;
  clear<Values>(sums);
  for (Index first = 0; first < g.columns; first += side) {
    typename Scores::Sums sums_of_tile;
    clear<Scores>(sums_of_tile);
    add_scores<Scores, Width>(memory.scores, rows, first_row, columns, first, sums_of_tile);
    const auto query_of = [=](int row, int column) {
      return b * s.T + (RowsAreQueries ? first_row + row : first + column);
    };
    const auto inside = [=](int row, int column) {
      return first_row + row < g.rows && first + column < g.columns;
    };
    write_weights<Scores>(sums_of_tile, memory.weights, [=](int row, int column, Real score) {
      if (!inside(row, column)) return Real(0);
      const Statistic of_query = statistics[query_of(row, column)];
      return exp_minus(of_query.largest - scale * score) * of_query.inverse;
    });
    if constexpr (OfScores) {  // each thread turns the probabilities that it wrote into dS
      __syncthreads();
      clear<Scores>(sums_of_tile);
      add_scores<Scores, Width>(memory.scores, from_rows, first_row, from_columns, first,
                                sums_of_tile);
      write_weights<Scores>(sums_of_tile, memory.weights, [=](int row, int column, Real product) {
        if (!inside(row, column)) return Real(0);
        const Real p = weights[column][row];
        return scale * (p * (product - delta[query_of(row, column)]));
      });
    }
    add_values<Values, Width>(memory.weights, memory.values, operand, first, first_column, sums);
  }
  Real* const to = result + b * g.rows * g.width;
  for_each_four<Values>(sums, first_row, g.rows, first_column,
                        [&](Index row, Index column, const Four& x) {
                          put_four(to, row, column, g.width, Width == 4, x);
                        });
}

/// delta[row] = sum over e of a[row, e] b[row, e]: a row to each warp.
template <int Threads>
__global__ void __launch_bounds__(Threads)
    row_products(const Real* a, const Real* b, Index rows, Index n, Real* delta) {
  constexpr int warps = Threads / warp_threads;
  const int lane = static_cast<int>(threadIdx.x) % warp_threads;
  const Index wanted = static_cast<Index>(blockIdx.x) * warps + threadIdx.x / warp_threads;
  const Index row = wanted < rows ? wanted : rows - 1;  // all lanes exchange
  Real sum = 0;
  for (Index i = lane; i < n; i += warp_threads) {
    sum = fma_(a[row * n + i], b[row * n + i], sum);
  }
  sum = warp_reduce(sum, Add());
  if (wanted < rows && lane == 0) delta[row] = sum;
}

template <bool RowsAreQueries, bool OfScores>
void backward(const Attention& s, const GradSide& g, bool fours, const Statistic* statistics,
              const Real* delta, Real* result) {
  with_tiles(g.width, [&](auto tiles) {
    using Of = decltype(tiles);
    using Values = typename Of::Values;
    const auto kernel = fours ? attention_grad_tiles<Of, 4, RowsAreQueries, OfScores>
                              : attention_grad_tiles<Of, 1, RowsAreQueries, OfScores>;
    launch("attention_grad", kernel, grid_of<Values>(s.B, g.rows, g.width), Values::threads, 0, s,
           g, pieces_of(g.rows, side), statistics, delta, result);
  });
}

}  // namespace

void attention_grad(Attention s, const Real* q, const Real* k, const Real* v, const Real* /*p*/,
                    const Real* dy, Real* dq, Real* dk, Real* dv) {
  if (s.B == 0) return;
  const Index queries = s.B * s.T;
  if (s.E == 0) {  // y is nothing, whatever the weights
    fill(dq, queries * s.D, 0);
    return fill(dk, s.B * s.M * s.D, 0);
  }
  constexpr const char* name = "attention_grad";
  const Scratch<Real> y(queries * s.E + 1, name), delta(queries + 1, name);
  const Scratch<Statistic> statistics(queries + 1, name);
  if (queries > 0) {
    attend(s, q, k, v, y.data(), statistics.data());
    launch("attention_grad: row_products", row_products<block_threads>,
           blocks_of(queries, block_threads / warp_threads), block_threads, 0, dy, y.data(),
           queries, s.E, delta.data());
  }
  bool fours = true;
  for (const Real* of_keys : {q, k, static_cast<const Real*>(dq), static_cast<const Real*>(dk)}) {
    fours = fours && in_fours(s.D, of_keys);
  }
  for (const Real* of_values : {v, dy, static_cast<const Real*>(dv)}) {
    fours = fours && in_fours(s.E, of_values);
  }
  backward<true, true>(s, {q, k, dy, v, k, s.T, s.M, s.D}, fours, statistics.data(), delta.data(),
                       dq);
  backward<false, true>(s, {k, q, v, dy, q, s.M, s.T, s.D}, fours, statistics.data(), delta.data(),
                        dk);
  backward<false, false>(s, {k, q, v, dy, dy, s.M, s.T, s.E}, fours, statistics.data(),
                         delta.data(), dv);
}

}  // namespace ito::kernels::cuda
