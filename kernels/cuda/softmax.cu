// Softmax and its logarithm over the last axis, and the logarithm of a sum: a row to each warp,
// which reads it three times, the second and third time from its caches: for the largest, for the
// sum, and to write. Rows are short (classes, or the keys of one query), so that a warp is enough
// and nothing waits at a barrier.

#include "kernels/cuda/block.h"
#include "kernels/cuda/four.h"
#include "kernels/cuda/rows.h"
#include "kernels/math.h"

namespace ito::kernels::cuda {
namespace {

/// The largest x(i) of a row and the sum of exp(x(i) - largest); every lane has them.
struct RowSums {
  Real largest, sum;
};
template <class Exponent>
__device__ inline RowSums row_sums(const Exponent& x, Index n, int lane) {
  Real largest = x(lane < n ? lane : 0);
  for (Index i = lane; i < n; i += warp_threads) largest = Larger()(largest, x(i));
  largest = warp_reduce(largest, Larger());
  Real sum = 0;
  for (Index i = lane; i < n; i += warp_threads) sum += exp_minus(largest - x(i));
  return {largest, warp_reduce(sum, Add())};
}

template <int Threads, bool Logarithm>
__global__ void __launch_bounds__(Threads)
    softmax_rows(const Real* x, Real* y, Index rows, Index n) {
  constexpr int warps = Threads / warp_threads;
  const int lane = static_cast<int>(threadIdx.x) % warp_threads;
  const Index wanted = static_cast<Index>(blockIdx.x) * warps + threadIdx.x / warp_threads;
  const Index row = wanted < rows ? wanted : rows - 1;  // all lanes exchange
  const Real* const from = x + row * n;
  Real* const to = y + row * n;
  const RowSums s = row_sums([=](Index i) { return from[i]; }, n, lane);
  if (wanted >= rows) return;
  const Real scale = Logarithm ? log_(s.sum) : 1 / s.sum;
  for (Index i = lane; i < n; i += warp_threads) {
    to[i] = Logarithm ? (from[i] - s.largest) - scale : exp_minus(s.largest - from[i]) * scale;
  }
}

template <int Threads>
__global__ void __launch_bounds__(Threads)
    log_sums(const Real* x, const Real* shift, Real scale, Real* y, Index rows, Index n) {
  constexpr int warps = Threads / warp_threads;
  const int lane = static_cast<int>(threadIdx.x) % warp_threads;
  const Index wanted = static_cast<Index>(blockIdx.x) * warps + threadIdx.x / warp_threads;
  const Real* const from = x + (wanted < rows ? wanted : rows - 1) * n;  // all lanes exchange
  const RowSums s = row_sums([=](Index i) { return shift[i] + scale * from[i]; }, n, lane);
  if (wanted < rows && lane == 0) y[wanted] = s.largest + log_(s.sum);
}

template <bool Logarithm>
void softmax_by(const char* name, const Real* x, Real* y, Index rows, Index n) {
  if (n == 0) return;
  launch(name, softmax_rows<block_threads, Logarithm>,
         blocks_of(rows, block_threads / warp_threads), block_threads, 0, x, y, rows, n);
}

}  // namespace

void softmax(const Real* x, Real* y, Index rows, Index n) {
  softmax_by<false>("softmax", x, y, rows, n);
}
void log_softmax(const Real* x, Real* y, Index rows, Index n) {
  softmax_by<true>("log_softmax", x, y, rows, n);
}
void log_sum_exp(const Real* x, const Real* shift, Real scale, Real* y, Index rows, Index n) {
  launch("log_sum_exp", log_sums<block_threads>, blocks_of(rows, block_threads / warp_threads),
         block_threads, 0, x, shift, scale, y, rows, n);
}

}  // namespace ito::kernels::cuda
