// Softmax and its logarithm over the last axis; the logarithm of a sum of exponentials.

#include "kernels/cpu/softmax.h"

#include "kernels/cpu/level.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Rows that a thread takes at a time.
constexpr Index rows_at_once(Index n) { return 1 + elementwise_grain / (8 * (n + 1)); }

template <class F>
void parallel_rows(Index rows, Index n, const F& f) {
  parallel_ranges(rows, rows_at_once(n), [&](Index first, Index last) {
    for (Index r = first; r < last; ++r) f(r);
  });
}

}  // namespace

void softmax(const Real* x, Real* y, Index rows, Index n) {
  if (n == 0) return;
  parallel_ranges(rows, rows_at_once(n), [=](Index first, Index last) {
    softmax_rows(x + first * n, last - first, n, Real(1), y + first * n);
  });
}

void log_softmax(const Real* x, Real* y, Index rows, Index n) {
  if (n == 0) return;
  parallel_rows(rows, n, [=](Index r) {
    const Real* in = x + r * n;
    Real* out = y + r * n;
    const Real largest = max_of(in, n);
    exponentials(in, n, Real(1), largest, out);
    const Real log_sum = log_(sum_of(out, n));
    for (Index i = 0; i < n; ++i) out[i] = (in[i] - largest) - log_sum;
  });
}

void log_sum_exp(const Real* x, const Real* shift, Real scale, Real* y, Index rows, Index n) {
  parallel_rows(rows, n, [=](Index r) {
    const Real* in = x + r * n;
    const auto exponent = [=](Index j) { return shift[j] + scale * in[j]; };
    const Real largest = max_lanes(n, exponent);
    const Real sum = sum_lanes<Real>(n, [=](Index j) { return exp_minus(largest - exponent(j)); });
    y[r] = largest + log_(sum);
  });
}

}  // namespace ito::kernels::ITO_LEVEL
