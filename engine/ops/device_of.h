#pragma once

#include "engine/tensor.h"

namespace ito {

/// Throws unless `x` and all of `others` that are not empty are on one device.
template <class... Tensors>
Device device_of(const char* operation, const Tensor& x, const Tensors&... others) {
  const Device device = x.device();
  const auto differs = [&](const Tensor& y) { return y.defined() && y.device() != device; };
  if ((differs(others) || ...)) fail(operation, "the inputs are on different devices");
  return device;
}

}  // namespace ito
