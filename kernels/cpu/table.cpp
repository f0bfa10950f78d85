// The table of this SIMD level.

#include "kernels/cpu/level.h"
#include "kernels/kernels.h"

namespace ito::kernels::ITO_LEVEL {

extern const Table cpu_table;
const Table cpu_table = {
#define ITO_KERNEL(name, ...) &ITO_LEVEL::name,
#include "kernels/kernels.def"
#undef ITO_KERNEL
};

}  // namespace ito::kernels::ITO_LEVEL
