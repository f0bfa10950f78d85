#pragma once
// Expands kernels.def: one table of function pointers per back end and SIMD level, and for every
// row a function `kernels::name(device, arguments...)` that looks it up.

#include "kernels/pointwise_names.h"
#include "kernels/types.h"

namespace ito::kernels {

/// One implementation of every kernel.
struct Table {
#define ITO_KERNEL(name, ...) void (*name)(__VA_ARGS__);
#include "kernels/kernels.def"
#undef ITO_KERNEL
};

/// The kernels of `device`: for the CPU those of the SIMD level in use. Throws
/// std::runtime_error when this build or this machine has no such device.
const Table& table(Device device);

/// Names of the SIMD levels that this build holds and this processor runs, slowest first
/// ("baseline", "v3", "v4"). The last one is chosen at start.
const char* const* simd_levels(int* count);
const char* simd_level();
/// Chooses a level by name; false when it is not among simd_levels(). Not thread-safe: for tests.
bool set_simd_level(const char* name);

/// Has `replacement` stand in for the kernels of every device and level, to measure them or to do
/// without; null ends that. Not thread-safe.
void replace_kernels(const Table* replacement);

#define ITO_KERNEL(name, ...)                               \
  template <class... Arguments>                             \
  inline void name(Device device, Arguments... arguments) { \
    table(device).name(arguments...);                       \
  }
#include "kernels/kernels.def"
#undef ITO_KERNEL

}  // namespace ito::kernels
