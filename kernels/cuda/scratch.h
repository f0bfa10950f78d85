#pragma once
// Device memory that a kernel's launches need among themselves.

#include <stdexcept>
#include <string>

#include "kernels/cuda/launch.h"

namespace ito::kernels::cuda {

[[noreturn]] inline void fail_for_want_of(std::size_t bytes, const char* operation) {
  std::size_t free = 0, all = 0;
  static_cast<void>(cudaGetLastError());  // it is told here
  check(cudaMemGetInfo(&free, &all), "cudaMemGetInfo", operation);
  throw std::runtime_error("[memory] no memory for " + std::to_string(bytes) +
                           " bytes more on the CUDA device, of which " + operation +
                           " makes a passing use: of its " + std::to_string(all) + " bytes " +
                           std::to_string(all - free) + " are held; a smaller batch takes less");
}

/// A block of `count` values of T for the work launched before the end of the scope: taken and
/// given back in stream order from the runtime's own pool, so neither waits for the device.
template <class T>
class Scratch {
 public:
  Scratch(Index count, const char* operation) {
    void* block = nullptr;
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    const cudaError_t status = cudaMallocAsync(&block, bytes, stream());
    if (status == cudaErrorMemoryAllocation) fail_for_want_of(bytes, operation);
    check(status, "cudaMallocAsync", operation);
    data_ = static_cast<T*>(block);
  }
  ~Scratch() { static_cast<void>(cudaFreeAsync(data_, stream())); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* data() const { return data_; }

 private:
  T* data_ = nullptr;
};

}  // namespace ito::kernels::cuda
