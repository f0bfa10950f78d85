#pragma once
// Random directions v with mean 0 and covariance I: E v^T A v = tr A (Skilling 1989, Hutchinson
// 1990).

#include "engine/random.h"

namespace ito {

enum class ProbeType {
  rademacher,  ///< each element -1 or +1: the smaller variance
  gaussian
};

/// A probe of shape [N, ...], as random_normal and random_rademacher draw it.
Tensor draw_probe(ProbeType type, const Shape& shape, const RandomStream& stream,
                  Device device = Device::cpu);

}  // namespace ito
