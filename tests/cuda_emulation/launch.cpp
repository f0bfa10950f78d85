#include <cstdlib>
#include <string_view>

#include "block.h"
#include "device_memory.h"
#include "emulation.h"
#include "shared_memory.h"
#include "stream.h"

namespace cuda_emulation {
namespace {

Order first_order() {
  const char* const value = std::getenv("ITO_CUDA_EMULATION_ORDER");
  return value != nullptr && std::string_view(value) == "reversed" ? Order::reversed
                                                                   : Order::forwards;
}

Order current_order = first_order();

bool valid(const cudaLaunchConfig_t& config) {
  const dim3 grid = config.gridDim, block = config.blockDim;
  const auto threads = std::size_t{block.x} * block.y * block.z;
  return grid.x > 0 && grid.y > 0 && grid.z > 0 && grid.x <= 0x7fffffff && grid.y <= 65535 &&
         grid.z <= 65535 && threads > 0 && threads <= 1024 && block.z <= 64 &&
         config.dynamicSmemBytes <= SharedMemory::most_bytes;
}

uint3 block_at(std::size_t i) {
  const std::size_t row = i / gridDim.x;
  return {static_cast<unsigned>(i % gridDim.x), static_cast<unsigned>(row % gridDim.y),
          static_cast<unsigned>(row / gridDim.y)};
}

void run_grid(const Kernel& kernel, const cudaLaunchConfig_t& config) {
  gridDim = config.gridDim;
  blockDim = config.blockDim;
  shared_memory().set_bytes(config.dynamicSmemBytes);
  const std::size_t blocks = std::size_t{gridDim.x} * gridDim.y * gridDim.z;
  for (std::size_t i = 0; i < blocks; ++i) {
    shared_memory().prepare();
    block().run(kernel, block_at(order() == Order::reversed ? blocks - 1 - i : i));
    shared_memory().check();
  }
}

void run(const Kernel& kernel, const cudaLaunchConfig_t& config) {
  const DeviceAtWork at_work(kernel.name);
  const DeviceMemory& memory = device_memory();
  for (const Pointer& pointer : kernel.pointers) memory.require(pointer);
  run_grid(kernel, config);
  memory.check_surroundings();
  for (const Pointer& pointer : kernel.pointers) memory.check_written(pointer);
}

}  // namespace

void set_order(Order order) { current_order = order; }
Order order() { return current_order; }

cudaError_t launch(const cudaLaunchConfig_t& config, Kernel kernel) {
  if (!valid(config)) return remember(cudaErrorInvalidConfiguration);
  return submit(config.stream, [config, kernel = std::move(kernel)] { run(kernel, config); });
}

}  // namespace cuda_emulation
