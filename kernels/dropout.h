#pragma once
// What dropout makes of a number. Its result says by itself what was dropped, so that the gradient
// draws no number again and keeps no mask: a dropped number is +0, and a zero that was kept is -0.

#include "kernels/arithmetic.h"
#include "kernels/types.h"

namespace ito::kernels {

/// x scale, 1 / (1 - p) being the scale.
ITO_FN Real kept_by_dropout(Real x, Real scale) {
  const Real y = x * scale;
  return y == Real(0) ? -Real(0) : y;
}

ITO_FN bool was_dropped(float y) { return bits_as<std::uint32_t>(y) == 0; }
ITO_FN bool was_dropped(double y) { return bits_as<std::uint64_t>(y) == 0; }

/// The factor of what dropout keeps with probability 1 - p.
ITO_FN Real dropout_scale(double p) { return static_cast<Real>(1 / (1 - p)); }

}  // namespace ito::kernels
