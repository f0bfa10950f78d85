#include "diffusion/probe.h"

namespace ito {

Tensor draw_probe(ProbeType type, const Shape& shape, const RandomStream& stream, Device device) {
  return type == ProbeType::rademacher ? random_rademacher(shape, stream, device)
                                       : random_normal(shape, stream, device);
}

}  // namespace ito
