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
  const std::string_view name = value == nullptr ? "" : value;
  return name == "reversed" ? Order::reversed : name == "both" ? Order::both : Order::forwards;
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

void run_grid(const Kernel& kernel, const cudaLaunchConfig_t& config, bool reversed) {
  gridDim = config.gridDim;
  blockDim = config.blockDim;
  shared_memory().set_kernel(kernel.function, config.dynamicSmemBytes);
  const std::size_t blocks = std::size_t{gridDim.x} * gridDim.y * gridDim.z;
  for (std::size_t i = 0; i < blocks; ++i) {
    shared_memory().prepare();
    block().run(kernel, block_at(reversed ? blocks - 1 - i : i), reversed);
    shared_memory().check();
  }
}

void run_in_both_orders(const Kernel& kernel, const cudaLaunchConfig_t& config) {
  DeviceMemory& memory = device_memory();
  const DeviceMemory::Contents before = memory.contents();
  run_grid(kernel, config, false);
  const DeviceMemory::Contents after = memory.contents();
  memory.restore(before);
  run_grid(kernel, config, true);
  if (const char* different = memory.first_difference(after)) {
    fail("results depend on the order of threads, as where a barrier is missing: " +
         memory.describe(different));
  }
}

void run(const Kernel& kernel, const cudaLaunchConfig_t& config) {
  const DeviceAtWork at_work(Work::kernel, kernel.name);
  const DeviceMemory& memory = device_memory();
  for (const Pointer& pointer : kernel.pointers) memory.require(pointer);
  if (order() == Order::both) {
    run_in_both_orders(kernel, config);
  } else {
    run_grid(kernel, config, order() == Order::reversed);
  }
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
