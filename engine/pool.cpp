#include "engine/pool.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "engine/error.h"
#include "engine/free_ranges.h"
#include "engine/tape.h"
#include "kernels/backend.h"
#include "kernels/memory.h"

namespace ito {

bool keeps_blocks(Device device) {
#ifdef ITO_SANITIZE
  const bool on_cpu = false;
#else
  const bool on_cpu = true;
#endif
  return device == Device::cpu ? on_cpu : kernels::cuda_backend().keeps_blocks;
}

namespace {

/// Larger blocks are cut from segments, which are only asked of the system; what is not touched of
/// them takes no memory.
constexpr std::size_t largest_small = 32768, segment_bytes = std::size_t{64} << 20;

/// Small blocks come in sizes of 64 bytes up to 1 KiB, then in steps of a sixteenth to an eighth,
/// so that they find each other again; large ones in pages.
std::size_t block_bytes(Device device, std::size_t bytes) {
  if (!keeps_blocks(device)) return std::max<std::size_t>(bytes, 1);
  std::size_t step = 64;
  while (step * 16 <= bytes && bytes <= largest_small) step *= 2;
  if (bytes > largest_small) step = 4096;
  return std::max<std::size_t>((bytes + step - 1) / step * step, 64);
}

class Pool {
 public:
  explicit Pool(Device device) : device_(device) {}

  /// A block that is nobody's yet.
  void* block_apart(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    ++use_.allocations;
    return allocate(bytes);
  }

  void* take(std::size_t bytes) {
    const bool reuse = keeps_blocks(device_);
    const std::lock_guard lock(mutex_);
    void* const block = kept_block(bytes);
    void* const taken = block != nullptr ? block : new_block(bytes, reuse);
    use_.current += bytes;
    use_.peak = std::max(use_.peak, use_.current);
    use_.kept -= reuse ? bytes : 0;
    return taken;
  }

  void give_back(void* block, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    use_.current -= bytes;
    if (!keeps_blocks(device_)) return kernels::device_free(device_, block);
    try {
      if (bytes > largest_small) {
        ranges_.give_back(static_cast<char*>(block), bytes);
      } else {
        small_[bytes].push_back(block);
      }
      use_.kept += bytes;
    } catch (...) {
      // No memory to remember the block by: it is lost.
    }
  }

  MemoryUse use() {
    const std::lock_guard lock(mutex_);
    return use_;
  }

  void reset_peak() {
    const std::lock_guard lock(mutex_);
    use_.peak = use_.current;
  }

  void release() {
    const std::lock_guard lock(mutex_);
    release_locked();
  }

 private:
  void* kept_block(std::size_t bytes) {
    if (bytes > largest_small) return ranges_.take(bytes);
    std::vector<void*>& kept = small_[bytes];
    if (kept.empty()) return nullptr;
    void* const block = kept.back();
    kept.pop_back();
    return block;
  }

  void* new_block(std::size_t bytes, bool reuse) {
    ++use_.allocations;
    if (!reuse || bytes <= largest_small) {
      void* const block = allocate(bytes);
      use_.kept += reuse ? bytes : 0;
      return block;
    }
    const std::size_t segment = std::max(bytes, segment_bytes);
    ranges_.add_segment(static_cast<char*>(allocate(segment)), segment);
    use_.kept += segment;
    return ranges_.take(bytes);
  }

  void* allocate(std::size_t bytes) {
    try {
      return kernels::device_allocate(device_, bytes);
    } catch (const std::bad_alloc&) {
      release_locked();  // blocks of other sizes may be what is missing
    }
    try {
      return kernels::device_allocate(device_, bytes);
    } catch (const std::bad_alloc&) {
      fail("memory", "no memory for ", bytes, " bytes more on the ",
           device_ == Device::cpu ? "CPU" : "CUDA device", ": tensors hold ", use_.current,
           ", and ", use_.kept,
           " are kept for reuse; a smaller batch takes less, and in training --recompute");
    }
  }

  void release_locked() {
    for (auto& [bytes, blocks] : small_) {
      for (void* block : blocks) free_kept(block, bytes);
    }
    small_.clear();
    for (const auto& [start, bytes] : ranges_.drop_free_segments()) free_kept(start, bytes);
  }

  void free_kept(void* block, std::size_t bytes) {
    kernels::device_free(device_, block);
    use_.kept -= bytes;
  }

  Device device_;
  std::mutex mutex_;
  MemoryUse use_;
  std::unordered_map<std::size_t, std::vector<void*>> small_;
  FreeRanges ranges_;
};

/// Never destroyed: tensors in static variables may outlive every other object.
Pool& pool(Device device) {
  static Pool* const pools[] = {new Pool(Device::cpu), new Pool(Device::cuda)};
  return *pools[device == Device::cpu ? 0 : 1];
}

}  // namespace

MemoryUse memory_use(Device device) { return pool(device).use(); }
void reset_peak_memory(Device device) { pool(device).reset_peak(); }
void release_kept_memory(Device device) { pool(device).release(); }

void* new_block(Device device, std::size_t bytes) { return pool(device).block_apart(bytes); }

Storage::Storage(Device where, std::size_t wanted)
    : device(where), bytes(block_bytes(where, wanted)) {
  if (MemoryTape* const current = MemoryTape::current(where)) {
    tape = current->shared_from_this();
    data = static_cast<Real*>(tape->take(bytes));
  } else {
    data = static_cast<Real*>(pool(where).take(bytes));
  }
}

Storage::~Storage() {
  tape != nullptr ? tape->give_back(data) : pool(device).give_back(data, bytes);
}

}  // namespace ito
