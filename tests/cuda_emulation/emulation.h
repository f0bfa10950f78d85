#pragma once
// What the emulation offers beyond CUDA's own interface: to launch.h its kernels' names, to tests
// the order of threads and the size of the device.

#include <cstddef>

namespace cuda_emulation {

/// The kernel that is launched next, for messages; set by whoever launches. A string that lives on.
inline thread_local const char* kernel_name = nullptr;

/// The dynamic shared memory of the block that runs, aligned to 128 bytes.
void* dynamic_shared();

/// In which order the threads of a block take their turns, and the blocks of a grid theirs; where a
/// barrier is missing, results depend on it. `both` runs every launch twice from the same memory,
/// and fails if the bits differ. At first what ITO_CUDA_EMULATION_ORDER says in the environment.
enum class Order { forwards, reversed, both };
void set_order(Order order);
Order order();

/// Memory of the device, for tests of what happens when there is none left; at first 8 GiB.
void set_device_memory(std::size_t bytes);

/// Makes device memory "never written" again, for a pool that hands out a block for a second time.
void forget(void* device_memory, std::size_t bytes);

}  // namespace cuda_emulation
