// The optimiser's step and the moving average, in one pass over the memory.

#include "kernels/adam_update.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/rows.h"

namespace ito::kernels::cuda {
namespace {

template <bool averaging>
struct AdamMap {
  AdamStep step;
  Real* p;
  const Real* g;
  Real *m, *v, *average;
  template <int width>
  __device__ void at(Index i) const {
    const Pack<width> gradient = load<width>(g + i);
    Pack<width> value = load<width>(p + i), first = load<width>(m + i), second = load<width>(v + i);
    for (int k = 0; k < width; ++k) {
      adam_update(step, gradient.v[k], value.v[k], first.v[k], second.v[k]);
    }
    store<width>(p + i, value);
    store<width>(m + i, first);
    store<width>(v + i, second);
    if constexpr (averaging) {
      Pack<width> mean = load<width>(average + i);
      for (int k = 0; k < width; ++k) mean.v[k] = moved(mean.v[k], value.v[k], step.average_rate);
      store<width>(average + i, mean);
    }
  }
};

struct EmaMap {
  Real* average;
  const Real* p;
  Real rate;
  template <int width>
  __device__ void at(Index i) const {
    const Pack<width> value = load<width>(p + i);
    Pack<width> mean = load<width>(average + i);
    for (int k = 0; k < width; ++k) mean.v[k] = moved(mean.v[k], value.v[k], rate);
    store<width>(average + i, mean);
  }
};

}  // namespace

void adam(Adam a, Real* p, const Real* g, Real* m, Real* v, Real* average, Index n) {
  const AdamStep step = adam_step(a);
  const bool in_packs = aligned(p, g, m, v, average);
  if (average == nullptr) {
    for_each("adam", AdamMap<false>{step, p, g, m, v, nullptr}, n, in_packs);
  } else {
    for_each("adam", AdamMap<true>{step, p, g, m, v, average}, n, in_packs);
  }
}

void ema(Real* average, const Real* p, Index n, double rate) {
  for_each("ema", EmaMap{average, p, static_cast<Real>(rate)}, n, aligned(average, p));
}

}  // namespace ito::kernels::cuda
