// The device, and memory of it and for it.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "device_memory.h"
#include "emulation.h"
#include "fault.h"
#include "shared_memory.h"
#include "stream.h"

using namespace cuda_emulation;

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  return device == 0 ? cudaSuccess : remember(cudaErrorInvalidDevice);
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return remember(cudaErrorInvalidDevice);
  *properties = {};
  std::snprintf(properties->name, sizeof(properties->name), "emulated device");
  properties->totalGlobalMem = device_memory().total();
  properties->sharedMemPerBlock = std::size_t{48} << 10;
  properties->sharedMemPerBlockOptin = SharedMemory::most_bytes;
  properties->major = 9;
  properties->multiProcessorCount = 2;
  properties->warpSize = warpSize;
  properties->maxThreadsPerBlock = 1024;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 2;  // multiprocessors
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) { return cudaRuntimeGetVersion(version); }
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = device_memory().total();
  *free = *total - std::min(*total, device_memory().used());
  return cudaSuccess;
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    case cudaErrorNotReady:
      return "cudaErrorNotReady";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
  }
  return "unrecognized error code";
}
const char* cudaGetErrorString(cudaError_t error) {
  if (error == cudaErrorMemoryAllocation) return "out of memory";
  if (error == cudaErrorStreamCaptureUnsupported) {
    return "operation not permitted when stream is capturing";
  }
  return cudaGetErrorName(error);
}

namespace {

cudaError_t allocate(void** memory, std::size_t bytes) {
  const DeviceAtWork at_work(Work::call, "cudaMalloc");
  *memory = bytes == 0 ? nullptr : device_memory().allocate(bytes);
  return *memory == nullptr && bytes > 0 ? remember(cudaErrorMemoryAllocation) : cudaSuccess;
}

}  // namespace

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  const cudaError_t refused = refuse_while_capturing();
  return refused == cudaSuccess ? allocate(memory, bytes) : refused;
}
cudaError_t cudaFree(void* memory) {
  if (refuse_while_capturing() != cudaSuccess) return cudaErrorStreamCaptureUnsupported;
  const DeviceAtWork at_work(Work::call, "cudaFree");
  return memory == nullptr || device_memory().free(memory) ? cudaSuccess
                                                           : remember(cudaErrorInvalidValue);
}
// Work has been done when its call returns, so the order of a stream is that of the calls. What is
// captured takes its memory from the graph, and gives it back with it.
cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream) {
  const cudaError_t status = allocate(memory, bytes);
  if (status == cudaSuccess && is_captured(stream)) give_to_graph(stream, *memory, bytes);
  return status;
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  return is_captured(stream) ? cudaSuccess : cudaFree(memory);
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  *memory = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  return *memory == nullptr && bytes > 0 ? remember(cudaErrorMemoryAllocation) : cudaSuccess;
}
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  return cudaMallocHost(memory, bytes);
}
cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}

namespace {

void copy(void* to, const void* from, std::size_t bytes) {
  const DeviceAtWork at_work(Work::call, "cudaMemcpyAsync");
  const DeviceMemory& memory = device_memory();
  if (memory.holds(from)) {
    memory.require(from, bytes, "a copy");
    memory.check_initialised(from, bytes);
  }
  if (memory.holds(to)) memory.require(to, bytes, "a copy to it");
  if (bytes > 0) std::memmove(to, from, bytes);
}

bool as_said(cudaMemcpyKind kind, bool from_device, bool to_device) {
  switch (kind) {
    case cudaMemcpyHostToHost:
      return !from_device && !to_device;
    case cudaMemcpyHostToDevice:
      return !from_device && to_device;
    case cudaMemcpyDeviceToHost:
      return from_device && !to_device;
    case cudaMemcpyDeviceToDevice:
      return from_device && to_device;
    case cudaMemcpyDefault:
      return true;
  }
  return false;
}

}  // namespace

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  if (!as_said(kind, device_memory().holds(from), device_memory().holds(to))) {
    return remember(cudaErrorInvalidValue);
  }
  return submit(stream, [=] { copy(to, from, bytes); });
}
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return cudaMemcpyAsync(to, from, bytes, kind, nullptr);
}
cudaError_t cudaMemsetAsync(void* to, int byte, std::size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  if (!device_memory().holds(to)) return remember(cudaErrorInvalidValue);
  return submit(stream, [=] {
    const DeviceAtWork at_work(Work::call, "cudaMemsetAsync");
    device_memory().require(to, bytes, "a fill");
    std::memset(to, byte, bytes);
  });
}
cudaError_t cudaMemset(void* to, int byte, std::size_t bytes) {
  return cudaMemsetAsync(to, byte, bytes, nullptr);
}

namespace cuda_emulation {

void set_device_memory(std::size_t bytes) { device_memory().set_total(bytes); }

void forget(void* memory, std::size_t bytes) {
  const DeviceAtWork at_work(Work::call, "forget");
  device_memory().forget(memory, bytes);
}

}  // namespace cuda_emulation
