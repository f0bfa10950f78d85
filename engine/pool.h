#pragma once
// Memory of tensors: one pool per device that keeps freed blocks for the next tensor of that size.
// Under sanitizers every block comes from and goes back to the system, so that they see errors.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/types.h"

namespace ito {

/// Bytes that tensors of a device hold now, held at most since the last reset, and that are kept
/// for reuse; and how often the system was asked for memory. A loop asks no more once it has gone
/// round.
struct MemoryUse {
  std::size_t current = 0, peak = 0, kept = 0;
  std::uint64_t allocations = 0;
};
MemoryUse memory_use(Device device);
void reset_peak_memory(Device device);
/// Gives the blocks kept for reuse back to the system.
void release_kept_memory(Device device);

/// Whether freed blocks are kept for the next tensor. Not where every access is checked, which is
/// exact only for blocks of their own.
bool keeps_blocks(Device device);
/// A block that is not the pool's, for kernels::device_free. Throws Error with what is held.
void* new_block(Device device, std::size_t bytes);

class MemoryTape;

/// The elements of a tensor. `version` counts writes.
struct Storage {
  Storage(Device where, std::size_t bytes);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  Device device;
  std::size_t bytes;
  Real* data;
  std::uint64_t version = 0;
  std::shared_ptr<MemoryTape> tape;  ///< whose memory it is, instead of the pool's
};

}  // namespace ito
