#pragma once
// How the CUDA back end talks to the runtime: every launch and every call goes through here and is
// checked. The same files are compiled by nvcc for devices and by the host compiler against
// tests/cuda_emulation, where ITO_CUDA_EMULATION is defined.

#include <cuda_runtime.h>

#include <cstddef>
#include <type_traits>

#include "kernels/types.h"

namespace ito::kernels::cuda {

/// Throws std::runtime_error unless `status` is cudaSuccess: names the call, the operation on whose
/// behalf it was made, and CUDA's words.
void check(cudaError_t status, const char* call, const char* operation);

/// The one stream in which all work goes, in order. Throws where there is no device.
cudaStream_t stream();

/// Threads of a usual block. Kernels take it as a template parameter; the emulation, whose threads
/// are fibers, runs small ones.
#ifdef ITO_CUDA_EMULATION
constexpr int block_threads = 64;
#else
constexpr int block_threads = 256;
#endif

constexpr int warp_threads = 32;

/// Blocks of `per_block` that hold n; at most `most`, for kernels that loop on.
inline dim3 blocks_of(Index n, Index per_block, Index most = 0x7fffffff) {
  const Index blocks = (n + per_block - 1) / per_block;
  return dim3(static_cast<unsigned>(blocks < most ? blocks : most));
}

/// Runs kernel(arguments...) on a grid; an empty one is no work. Asynchronous: what fails while it
/// runs is reported by a later call.
template <class... Parameters>
void launch(const char* name, void (*kernel)(Parameters...), dim3 grid, dim3 block,
            std::size_t shared_bytes, std::type_identity_t<Parameters>... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream();
#ifdef ITO_CUDA_EMULATION
  cuda_emulation::kernel_name = name;
#endif
  check(cudaLaunchKernelEx(&config, kernel, arguments...), "cudaLaunchKernelEx", name);
}

/// launch() under the kernel's own name. Template arguments with commas want parentheses:
/// ITO_LAUNCH((map<block_threads, F>), grid, block, 0, x, y, n).
#define ITO_LAUNCH(kernel, grid, block, shared_bytes, ...) \
  ::ito::kernels::cuda::launch(#kernel, kernel, grid, block, shared_bytes, __VA_ARGS__)

/// The block's dynamic shared memory as an array of `type`, 16-byte aligned.
#ifdef ITO_CUDA_EMULATION
#define ITO_DYNAMIC_SHARED(type, name) \
  type* const name = static_cast<type*>(::cuda_emulation::dynamic_shared())
#else
#define ITO_DYNAMIC_SHARED(type, name)                                \
  extern __shared__ __align__(16) unsigned char ito_dynamic_shared[]; \
  type* const name = reinterpret_cast<type*>(ito_dynamic_shared)
#endif

}  // namespace ito::kernels::cuda
