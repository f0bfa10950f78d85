#pragma once
// The rows of kernels.def as functions of this back end: ito::kernels::cuda::NAME. Pointers are
// device memory unless the row says that they are the host's.

#include "kernels/pointwise_names.h"
#include "kernels/types.h"

namespace ito::kernels::cuda {
#define ITO_KERNEL(name, ...) void name(__VA_ARGS__);
#include "kernels/kernels.def"
#undef ITO_KERNEL
}  // namespace ito::kernels::cuda
