#include "stream.h"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "emulation.h"

using Clock = std::chrono::steady_clock;
using Work = std::vector<std::function<void()>>;

/// What a graph is, and what can be launched of it.
struct Captured {
  Work work;
  std::vector<void*> blocks;  ///< its own device memory

  Captured() = default;
  ~Captured() {
    for (void* block : blocks) cudaFree(block);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
};
struct CUgraph_st {
  std::shared_ptr<Captured> captured;
};
struct CUgraphExec_st {
  std::shared_ptr<Captured> captured;
};
struct CUstream_st {
  std::shared_ptr<Captured> captured;  ///< into, while there is one
  bool lost = false;                   ///< by a call that may not be made meanwhile
};
struct CUevent_st {
  Clock::time_point time;
  bool recorded = false;
};

namespace cuda_emulation {
namespace {

thread_local cudaError_t last_error = cudaSuccess;
CUstream_st default_stream;

CUstream_st& stream_of(cudaStream_t stream) { return stream == nullptr ? default_stream : *stream; }

CUstream_st* capturing = nullptr;  ///< the stream that is, not in relaxed mode

}  // namespace

bool is_captured(cudaStream_t stream) { return stream_of(stream).captured != nullptr; }

cudaError_t refuse_while_capturing() {
  if (capturing == nullptr) return cudaSuccess;
  capturing->lost = true;
  return remember(cudaErrorStreamCaptureUnsupported);
}

void give_to_graph(cudaStream_t stream, void* block, std::size_t bytes) {
  stream_of(stream).captured->blocks.push_back(block);
  submit(stream, [=] { forget(block, bytes); });
}

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t submit(cudaStream_t stream, std::function<void()> work) {
  CUstream_st& to = stream_of(stream);
  if (to.captured == nullptr) {
    work();
  } else {
    to.captured->work.push_back(std::move(work));
  }
  return cudaSuccess;
}

}  // namespace cuda_emulation

using cuda_emulation::refuse_while_capturing;
using cuda_emulation::remember;
using cuda_emulation::stream_of;
using cuda_emulation::submit;

cudaError_t cudaGetLastError() { return std::exchange(cuda_emulation::last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return cuda_emulation::last_error; }

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = new CUstream_st;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return cudaStreamCreate(stream);
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  CUstream_st& of = stream_of(stream);
  if (of.captured == nullptr) return cudaSuccess;
  of.lost = true;
  return remember(cudaErrorStreamCaptureUnsupported);
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }
cudaError_t cudaDeviceSynchronize() { return refuse_while_capturing(); }

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  return cudaEventCreate(event);
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return submit(stream, [event] { *event = {Clock::now(), true}; });
}
cudaError_t cudaEventQuery(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t) { return refuse_while_capturing(); }
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  if (!begin->recorded || !end->recorded) return remember(cudaErrorInvalidResourceHandle);
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - begin->time).count();
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  if (stream == nullptr || stream->captured != nullptr) {
    return remember(cudaErrorStreamCaptureUnsupported);  // the default stream cannot be captured
  }
  stream->captured = std::make_shared<Captured>();
  stream->lost = false;
  if (mode != cudaStreamCaptureModeRelaxed) cuda_emulation::capturing = stream;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (stream_of(stream).captured == nullptr) return remember(cudaErrorInvalidValue);
  if (cuda_emulation::capturing == stream) cuda_emulation::capturing = nullptr;
  const std::shared_ptr<Captured> captured = std::move(stream->captured);
  *graph = stream->lost ? nullptr : new CUgraph_st{captured};
  return stream->lost ? remember(cudaErrorStreamCaptureInvalidated) : cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status = stream_of(stream).captured != nullptr ? cudaStreamCaptureStatusActive
                                                  : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  *executable = new CUgraphExec_st{graph->captured};
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return submit(stream, [executable] {
    for (const auto& work : executable->captured->work) work();
  });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
