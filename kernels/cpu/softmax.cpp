// Softmax and its logarithm over the last axis; the logarithm of a sum of exponentials.

#include "kernels/cpu/softmax.h"

#include "kernels/cpu/level.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

template <class F>
void parallel_rows(Index rows, Index n, const F& f) {
  const Index grain = 1 + elementwise_grain / (8 * (n + 1));
  parallel_ranges(rows, grain, [&](Index first, Index last) {
    for (Index r = first; r < last; ++r) f(r);
  });
}

}  // namespace

void softmax(const Real* x, Real* y, Index rows, Index n) {
  if (n == 0) return;
  parallel_rows(rows, n, [=](Index r) { softmax_row(x + r * n, n, Real(1), y + r * n); });
}

void log_softmax(const Real* x, Real* y, Index rows, Index n) {
  if (n == 0) return;
  parallel_rows(rows, n, [=](Index r) {
    const Real* in = x + r * n;
    Real* out = y + r * n;
    const Real largest = max_of(in, n);
    const Real log_sum = log_(exponentials(in, n, Real(1), largest, out));
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
