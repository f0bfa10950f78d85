#include "engine/pool.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "engine/error.h"
#include "kernels/memory.h"

namespace ito {
namespace {

#ifdef ITO_SANITIZE
constexpr bool reuse = false;
#else
constexpr bool reuse = true;
#endif

/// Blocks come in sizes of 64 bytes up to 4 KiB, then in steps of an eighth of the power of two
/// below: at most an eighth is wasted, and steps of a training loop find their blocks again.
std::size_t block_bytes(std::size_t bytes) {
  std::size_t step = 64;
  while (step * 16 <= bytes) step *= 2;
  return std::max<std::size_t>((bytes + step - 1) / step * step, 64);
}

class Pool {
 public:
  explicit Pool(Device device) : device_(device) {}

  void* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_.current += bytes;
    use_.peak = std::max(use_.peak, use_.current);
    std::vector<void*>& kept = kept_[bytes];
    if (kept.empty()) return allocate(bytes);
    void* block = kept.back();
    kept.pop_back();
    use_.kept -= bytes;
    return block;
  }

  void give_back(void* block, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    use_.current -= bytes;
    if (!reuse) return kernels::device_free(device_, block);
    try {
      kept_[bytes].push_back(block);
      use_.kept += bytes;
    } catch (...) {
      kernels::device_free(device_, block);
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
  void* allocate(std::size_t bytes) {
    try {
      return kernels::device_allocate(device_, bytes);
    } catch (const std::bad_alloc&) {
      release_locked();  // blocks of other sizes may be what is missing
    }
    try {
      return kernels::device_allocate(device_, bytes);
    } catch (const std::bad_alloc&) {
      use_.current -= bytes;
      fail("memory", "no memory for ", bytes, " bytes; tensors hold ", use_.current);
    }
  }

  void release_locked() {
    for (auto& [bytes, blocks] : kept_) {
      for (void* block : blocks) kernels::device_free(device_, block);
    }
    kept_.clear();
    use_.kept = 0;
  }

  Device device_;
  std::mutex mutex_;
  MemoryUse use_;
  std::unordered_map<std::size_t, std::vector<void*>> kept_;
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

Storage::Storage(Device where, std::size_t wanted)
    : device(where),
      bytes(block_bytes(wanted)),
      data(static_cast<Real*>(pool(where).take(bytes))) {}

Storage::~Storage() { pool(device).give_back(data, bytes); }

}  // namespace ito
