// The optimiser's elementwise steps, and the norm that clipping needs.

#include "kernels/adam_update.h"
#include "kernels/cpu/lanes.h"
#include "kernels/cpu/level.h"
#include "kernels/cpu/scratch.h"

namespace ito::kernels::ITO_LEVEL {

namespace {

/// Not inline: GCC 12 forgets there that the five do not overlap, and vectorises one of the two.
template <bool averaging>
__attribute__((noinline)) void adam_range(const AdamStep& a, Real* __restrict p,
                                          const Real* __restrict g, Real* __restrict m,
                                          Real* __restrict v, Real* __restrict average, Index n) {
  for (Index i = 0; i < n; ++i) {
    adam_update(a, g[i], p[i], m[i], v[i]);
    if (averaging) average[i] = moved(average[i], p[i], a.average_rate);
  }
}

}  // namespace

void adam(Adam a, Real* p, const Real* g, Real* m, Real* v, Real* average, Index n) {
  const AdamStep step = adam_step(a);
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    const Index count = end - begin;
    if (average == nullptr) {
      adam_range<false>(step, p + begin, g + begin, m + begin, v + begin, nullptr, count);
    } else {
      adam_range<true>(step, p + begin, g + begin, m + begin, v + begin, average + begin, count);
    }
  });
}

void adam_all(Adam a, const AdamTensor* tensors, Index count) {
  for (Index i = 0; i < count; ++i) {
    const AdamTensor& t = tensors[i];
    adam(a, t.p, t.g, t.m, t.v, t.average, t.n);
  }
}

void ema(Real* average, const Real* p, Index n, double rate) {
  const Real weight = static_cast<Real>(rate);
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) average[i] = moved(average[i], p[i], weight);
  });
}

void sum_squares(const Real* x, double* y, Index n) {
  const Index pieces = (n + elementwise_grain - 1) / elementwise_grain;
  const ScratchOf<double> memory(pieces);
  double* partial = memory.data();
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    partial[begin / elementwise_grain] = sum_lanes<double>(end - begin, [=](Index i) {
      const auto value = static_cast<double>(x[begin + i]);
      return value * value;
    });
  });
  *y = 0;
  for (Index i = 0; i < pieces; ++i) *y += partial[i];
}

void sum_squares_all(const Real* const* x, const Index* n, Index count, double* y) {
  for (Index i = 0; i < count; ++i) sum_squares(x[i], y + i, n[i]);
}

}  // namespace ito::kernels::ITO_LEVEL
