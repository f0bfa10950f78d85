#pragma once
// The optimiser's formulas, for every back end.

#include "kernels/math.h"
#include "kernels/types.h"

namespace ito::kernels {

/// The numbers of an Adam step, rounded once.
struct AdamStep {
  Real beta1, beta2, rest1, rest2, size, inverse, eps, decay, scale, average_rate;
};

ITO_FN AdamStep adam_step(const Adam& a) {
  return {static_cast<Real>(a.beta1),
          static_cast<Real>(a.beta2),
          static_cast<Real>(1 - a.beta1),
          static_cast<Real>(1 - a.beta2),
          static_cast<Real>(a.learning_rate / a.correction1),
          static_cast<Real>(1 / sqrt_(a.correction2)),
          static_cast<Real>(a.eps),
          static_cast<Real>(a.weight_decay),
          static_cast<Real>(a.gradient_scale),
          static_cast<Real>(a.average_rate)};
}

/// Kingma & Ba 2015, algorithm 1, with the weight decay added to the gradient (L2).
ITO_FN void adam_update(const AdamStep& a, Real g, Real& p, Real& m, Real& v) {
  const Real gradient = a.scale * g + a.decay * p;
  m = a.beta1 * m + a.rest1 * gradient;
  v = a.beta2 * v + a.rest2 * (gradient * gradient);
  p -= a.size * m / (sqrt_(v) * a.inverse + a.eps);
}

/// A moving average, moved.
ITO_FN Real moved(Real average, Real p, Real rate) { return average + rate * (p - average); }

}  // namespace ito::kernels
