// CUDA graphs: launches that are kept, and later done at once.

#include "kernels/cuda/launch.h"
#include "kernels/cuda/runtime.h"

namespace ito::kernels::cuda {

void begin_capture() {
  check(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal),
        "cudaStreamBeginCapture", "graph");
}

void* end_capture() {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  check(cudaStreamEndCapture(stream(), &graph), "cudaStreamEndCapture", "graph");
  const cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
  static_cast<void>(cudaGraphDestroy(graph));
  check(status, "cudaGraphInstantiate", "graph");
  return executable;
}

void launch_graph(void* graph) {
  check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), stream()), "cudaGraphLaunch", "graph");
}

void release_graph(void* graph) noexcept {
  static_cast<void>(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)));
}

}  // namespace ito::kernels::cuda
