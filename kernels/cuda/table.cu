// The table of this back end: every row of kernels.def, or it does not link.

#include "kernels/backend.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/runtime.h"

namespace ito::kernels::cuda {
namespace {

const Table table = {
#define ITO_KERNEL(name, ...) &cuda::name,
#include "kernels/kernels.def"
#undef ITO_KERNEL
};

#ifdef ITO_CUDA_EMULATION
constexpr bool keeps_blocks = false;  // every block is guarded
#else
constexpr bool keeps_blocks = true;
#endif

}  // namespace

const Backend backend = {&table,      devices,      keeps_blocks,   allocate,
                         release,     copy_to_host, copy_from_host, begin_capture,
                         end_capture, launch_graph, release_graph,  time};

}  // namespace ito::kernels::cuda
