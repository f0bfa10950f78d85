// The optimiser's elementwise steps, and the norm that clipping needs.

#include "kernels/cpu/lanes.h"
#include "kernels/cpu/level.h"
#include "kernels/cpu/scratch.h"
#include "kernels/math.h"

namespace ito::kernels::ITO_LEVEL {

namespace {

/// The numbers of a step, rounded once.
struct Step {
  explicit Step(const Adam& a)
      : beta1(static_cast<Real>(a.beta1)),
        beta2(static_cast<Real>(a.beta2)),
        rest1(static_cast<Real>(1 - a.beta1)),
        rest2(static_cast<Real>(1 - a.beta2)),
        size(static_cast<Real>(a.learning_rate / a.correction1)),
        inverse(static_cast<Real>(1 / sqrt_(a.correction2))),
        eps(static_cast<Real>(a.eps)),
        decay(static_cast<Real>(a.weight_decay)),
        scale(static_cast<Real>(a.gradient_scale)),
        average_rate(static_cast<Real>(a.average_rate)) {}
  Real beta1, beta2, rest1, rest2, size, inverse, eps, decay, scale, average_rate;
};

// Kingma & Ba 2015, algorithm 1, with the weight decay added to the gradient (L2).
template <bool averaging>
void adam_range(const Step& a, Real* __restrict p, const Real* __restrict g, Real* __restrict m,
                Real* __restrict v, Real* __restrict average, Index n) {
  for (Index i = 0; i < n; ++i) {
    const Real gradient = a.scale * g[i] + a.decay * p[i];
    m[i] = a.beta1 * m[i] + a.rest1 * gradient;
    v[i] = a.beta2 * v[i] + a.rest2 * (gradient * gradient);
    p[i] -= a.size * m[i] / (sqrt_(v[i]) * a.inverse + a.eps);
    if (averaging) average[i] += a.average_rate * (p[i] - average[i]);
  }
}

}  // namespace

void adam(Adam a, Real* p, const Real* g, Real* m, Real* v, Real* average, Index n) {
  const Step step(a);
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    const Index count = end - begin;
    if (average == nullptr) {
      adam_range<false>(step, p + begin, g + begin, m + begin, v + begin, nullptr, count);
    } else {
      adam_range<true>(step, p + begin, g + begin, m + begin, v + begin, average + begin, count);
    }
  });
}

void ema(Real* average, const Real* p, Index n, double rate) {
  const Real weight = static_cast<Real>(rate);
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) average[i] += weight * (p[i] - average[i]);
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

}  // namespace ito::kernels::ITO_LEVEL
