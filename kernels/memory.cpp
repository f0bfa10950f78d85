#include "kernels/memory.h"

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif

#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "kernels/backend.h"

namespace ito::kernels {
namespace {

constexpr std::size_t alignment = 64;
/// Blocks from here on are asked for in huge pages: reading through a few hundred small ones costs
/// more time in looking up their addresses than in arithmetic.
constexpr std::size_t huge_page = std::size_t{2} << 20;

void* aligned_block(std::size_t bytes) {
  const std::size_t unit = bytes >= huge_page ? huge_page : alignment;
  const std::size_t whole = (bytes + unit - 1) / unit * unit;
  void* block = std::aligned_alloc(unit, whole);
  if (block == nullptr && bytes > 0) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (unit == huge_page) madvise(block, whole, MADV_HUGEPAGE);  // a wish: the system may decline
#endif
  return block;
}

#ifndef ITO_SANITIZE
/// A thread's scratch: a stack of blocks in segments, which are only asked of the system; what is
/// not touched of them takes no memory.
class ScratchStack {
 public:
  ~ScratchStack() {
    for (const Segment& segment : segments_) std::free(segment.memory);
  }

  /// The next block; `segment` and `used` become what pop needs.
  void* push(std::size_t bytes, std::size_t& segment, std::size_t& used) {
    segment = current_;
    used = segments_.empty() ? 0 : segments_[current_].used;
    const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
    std::size_t next = current_;  // what throws leaves the stack as it was
    while (next < segments_.size() && !segments_[next].fits(whole)) ++next;
    if (next == segments_.size()) {
      const std::size_t size = whole > segment_bytes ? whole : segment_bytes;
      segments_.push_back({static_cast<char*>(aligned_block(size)), size, 0});
    }
    current_ = next;
    Segment& from = segments_[current_];
    from.used += whole;
    return from.memory + (from.used - whole);
  }

  void pop(std::size_t segment, std::size_t used) {
    while (current_ > segment) segments_[current_--].used = 0;
    segments_[current_].used = used;
  }

 private:
  static constexpr std::size_t segment_bytes = std::size_t{64} << 20;
  struct Segment {
    char* memory;
    std::size_t bytes, used;
    bool fits(std::size_t more) const { return bytes - used >= more; }
  };
  std::vector<Segment> segments_;
  std::size_t current_ = 0;
};

thread_local ScratchStack scratch_stack;
#endif

}  // namespace

void* device_allocate(Device device, std::size_t bytes) {
  return device == Device::cpu ? aligned_block(bytes) : cuda_backend().allocate(bytes);
}

void device_free(Device device, void* block) noexcept {
  if (device == Device::cpu) {
    std::free(block);
  } else {
    cuda_backend().release(block);
  }
}

void copy_to_host(Device device, void* host, const void* block, std::size_t bytes) {
  if (bytes == 0) return;
  if (device == Device::cuda) return cuda_backend().copy_to_host(host, block, bytes);
  std::memcpy(host, block, bytes);
}

void copy_from_host(Device device, void* block, const void* host, std::size_t bytes) {
  if (bytes == 0) return;
  if (device == Device::cuda) return cuda_backend().copy_from_host(block, host, bytes);
  std::memcpy(block, host, bytes);
}

#ifdef ITO_SANITIZE  // blocks of their own, so that an access outside of one is seen

Scratch::Scratch(Index reals)
    : data_(static_cast<Real*>(aligned_block(static_cast<std::size_t>(reals) * sizeof(Real)))) {}
Scratch::~Scratch() { std::free(data_); }

#else

Scratch::Scratch(Index reals) {
  const std::size_t bytes = static_cast<std::size_t>(reals) * sizeof(Real);
  data_ = static_cast<Real*>(scratch_stack.push(bytes, segment_, used_));
}
Scratch::~Scratch() { scratch_stack.pop(segment_, used_); }

#endif

}  // namespace ito::kernels
