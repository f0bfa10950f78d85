#pragma once
// What a device besides the CPU is to the rest: its kernels, its memory, and its name.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace ito::kernels {

/// Functions throw std::runtime_error where there is no device, or where it reports an error.
struct Backend {
  const Table* table;
  /// One line for each device that can be used.
  std::vector<std::string> (*devices)();
  /// Whether a tensor's memory may go to another tensor without being released.
  bool keeps_blocks;
  /// At least 64-byte aligned; throws std::bad_alloc.
  void* (*allocate)(std::size_t bytes);
  void (*release)(void* block) noexcept;
  /// Waits for what was launched before, and for the copy.
  void (*copy_to_host)(void* host, const void* block, std::size_t bytes);
  /// In order with the kernels, but `host` may be written again at once.
  void (*copy_from_host)(void* block, const void* host, std::size_t bytes);
  /// From here to end_capture kernels are kept instead of done. What waits for the device or asks
  /// for its memory is an error there, after which end_capture fails too.
  void (*begin_capture)();
  /// What has been kept, for launch_graph: all of it at once, in order with other work.
  void* (*end_capture)();
  void (*launch_graph)(void* graph);
  void (*release_graph)(void* graph) noexcept;
  /// Milliseconds from the beginning to the end of what work() has the device do, by its own clock.
  double (*time)(const std::function<void()>& work);
};

/// The back end of Device::cuda. Throws std::runtime_error when this program has none.
const Backend& cuda_backend();

/// Makes `backend` that of Device::cuda: tests, which run on an emulated device. Not thread-safe.
void set_cuda_backend(const Backend* backend);

namespace cuda {
/// The back end that kernels/cuda makes, where it is built.
extern const Backend backend;
}  // namespace cuda

}  // namespace ito::kernels
