// The device, its stream, and what its errors say.

#include <cstdint>
#include <limits>
#include <stdexcept>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/runtime.h"

namespace ito::kernels::cuda {
namespace {

/// The number of devices; throws where there is none.
int device_count() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return count;
  const char* const why = status == cudaSuccess ? "none was found" : cudaGetErrorString(status);
  throw std::runtime_error(std::string("[device] there is no CUDA device here: ") + why);
}

/// Scratch (scratch.h) stays with the process when the host waits for the device.
void keep_scratch() {
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, 0), "cudaDeviceGetDefaultMemPool", "start");
  std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &all),
        "cudaMemPoolSetAttribute", "start");
}

cudaStream_t new_stream() {
  device_count();
  keep_scratch();
  cudaStream_t made = nullptr;
  check(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "cudaStreamCreateWithFlags",
        "start");
  return made;
}

std::string description(int device) {
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties", "devices");
  const auto mib = static_cast<long long>(properties.totalGlobalMem >> 20);
  return std::string(properties.name) + ", " + std::to_string(mib) + " MiB, compute capability " +
         std::to_string(properties.major) + "." + std::to_string(properties.minor);
}

}  // namespace

void check(cudaError_t status, const char* call, const char* operation) {
  if (status == cudaSuccess) return;
  throw std::runtime_error(std::string("[cuda] ") + operation + ": " + call +
                           " failed: " + cudaGetErrorString(status));
}

cudaStream_t stream() {
  static const cudaStream_t only = new_stream();
  return only;
}

double time(const std::function<void()>& work) {
  cudaEvent_t begin = nullptr, end = nullptr;
  check(cudaEventCreate(&begin), "cudaEventCreate", "time");
  check(cudaEventCreate(&end), "cudaEventCreate", "time");
  check(cudaEventRecord(begin, stream()), "cudaEventRecord", "time");
  work();
  float milliseconds = 0;
  check(cudaEventRecord(end, stream()), "cudaEventRecord", "time");
  check(cudaEventSynchronize(end), "cudaEventSynchronize", "time");
  check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime", "time");
  check(cudaEventDestroy(begin), "cudaEventDestroy", "time");
  check(cudaEventDestroy(end), "cudaEventDestroy", "time");
  return static_cast<double>(milliseconds);
}

std::vector<std::string> devices() {
  std::vector<std::string> names;
  const int count = device_count();
  for (int device = 0; device < count; ++device) names.push_back(description(device));
  return names;
}

}  // namespace ito::kernels::cuda
