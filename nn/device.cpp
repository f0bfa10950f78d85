#include "nn/device.h"

namespace ito::nn {

Device device_of(const Module& module) {
  const std::vector<Parameter> state = module.state();
  if (state.empty()) fail("module", "a module without tensors is on no device");
  return state.front().value->device();
}

void move(Module& module, Device device) {
  for (const Parameter& p : module.state()) {
    if (p.value->device() == device) continue;
    *p.value = p.value->to(device);
    if (p.trained) p.value->require_grad();
  }
}

}  // namespace ito::nn
