#pragma once
// `--device auto|cpu|cuda`, and `--precision` of a GPU's products.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "kernels/types.h"

namespace ito::cli {

/// Adds the flags; `device` starts as the CPU, and "auto" chooses CUDA where there is a device.
/// Asking for CUDA where there is none is an error of usage.
void add_device(CLI::App& command, Device& device);

/// A line for each device, and one that says why there is no CUDA device.
std::vector<std::string> devices();

}  // namespace ito::cli
