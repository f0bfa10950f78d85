#pragma once
// Where work goes: done at once, or recorded while the stream is being captured.

#include <functional>

#include "runtime_api.h"

namespace cuda_emulation {

cudaError_t submit(cudaStream_t stream, std::function<void()> work);

/// Whether the stream is being captured.
bool is_captured(cudaStream_t stream);

/// For calls that may not be made while a stream is captured: then an error, and the capture is
/// lost.
cudaError_t refuse_while_capturing();

/// Device memory that a captured allocation has given to the graph: it goes when the graph does,
/// and each launch finds it as if nobody had written it.
void give_to_graph(cudaStream_t stream, void* block, std::size_t bytes);

/// Keeps an error for cudaGetLastError, and returns it.
cudaError_t remember(cudaError_t error);

}  // namespace cuda_emulation
