#pragma once
// Where a module's tensors are.

#include "nn/module.h"

namespace ito::nn {

/// The device of a module that holds at least one tensor.
Device device_of(const Module& module);

/// Moves the whole state to `device`. Before an optimiser or an average refers to it.
void move(Module& module, Device device);

}  // namespace ito::nn
