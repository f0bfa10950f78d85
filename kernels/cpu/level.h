#pragma once
// Each file of kernels/cpu is compiled once per SIMD level into its own namespace
// (kernels::baseline, kernels::v3, kernels::v4), named by the macro ITO_LEVEL.

#include "kernels/cpu/parallel.h"
#include "kernels/pointwise_names.h"
#include "kernels/types.h"

#ifndef ITO_LEVEL
#error "ITO_LEVEL names the SIMD level that this file is compiled for; see CMakeLists.txt"
#endif

namespace ito::kernels::ITO_LEVEL {
#define ITO_KERNEL(name, ...) void name(__VA_ARGS__);
#include "kernels/kernels.def"
#undef ITO_KERNEL
}  // namespace ito::kernels::ITO_LEVEL
