#pragma once
// Where work goes: done at once, or recorded while the stream is being captured.

#include <functional>

#include "runtime_api.h"

namespace cuda_emulation {

cudaError_t submit(cudaStream_t stream, std::function<void()> work);

/// Keeps an error for cudaGetLastError, and returns it.
cudaError_t remember(cudaError_t error);

}  // namespace cuda_emulation
