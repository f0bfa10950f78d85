// The optimiser's elementwise steps, and the norm that clipping needs.

#include "kernels/cpu/lanes.h"
#include "kernels/cpu/level.h"
#include "kernels/cpu/scratch.h"
#include "kernels/math.h"

namespace ito::kernels::ITO_LEVEL {

// Kingma & Ba 2015, algorithm 1, with the weight decay added to the gradient (L2).
void adam(Adam a, Real* p, const Real* g, Real* m, Real* v, Index n) {
  const Real beta1 = static_cast<Real>(a.beta1), beta2 = static_cast<Real>(a.beta2);
  const Real rest1 = static_cast<Real>(1 - a.beta1), rest2 = static_cast<Real>(1 - a.beta2);
  const Real step = static_cast<Real>(a.learning_rate / a.correction1);
  const Real inverse = static_cast<Real>(1 / sqrt_(a.correction2));
  const Real eps = static_cast<Real>(a.eps), decay = static_cast<Real>(a.weight_decay);
  const Real scale = static_cast<Real>(a.gradient_scale);
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Real gradient = scale * g[i] + decay * p[i];
      m[i] = beta1 * m[i] + rest1 * gradient;
      v[i] = beta2 * v[i] + rest2 * (gradient * gradient);
      p[i] -= step * m[i] / (sqrt_(v[i]) * inverse + eps);
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
