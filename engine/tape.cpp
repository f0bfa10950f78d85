#include "engine/tape.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/pool.h"
#include "kernels/memory.h"

namespace ito {
namespace {

thread_local MemoryTape* current_tape = nullptr;

}  // namespace

MemoryTape::~MemoryTape() {
  for (const auto& [block, bytes] : sizes_) kernels::device_free(device_, block);
}

MemoryTape::Scope::Scope(MemoryTape& tape) : tape_(tape), before_(current_tape) {
  tape.next_ = 0;
  current_tape = &tape;
}

MemoryTape::Scope::~Scope() {
  tape_.recorded_ = true;
  current_tape = before_;
}

MemoryTape* MemoryTape::current(Device device) {
  return current_tape != nullptr && current_tape->device_ == device ? current_tape : nullptr;
}

void* MemoryTape::take(std::size_t bytes) {
  if (!recorded_) {
    entries_.push_back({block_for(bytes), bytes});
    return entries_.back().block;
  }
  if (next_ == entries_.size() || entries_[next_].bytes != bytes)
    fail("graph", "the computation is not the one that was recorded: tensor ", next_ + 1, " of ",
         entries_.size(), " has ", bytes, " bytes");
  return entries_[next_++].block;
}

/// A free block of nearly that size, or a new one.
void* MemoryTape::block_for(std::size_t bytes) {
  const auto fits = free_.lower_bound(bytes);
  if (fits != free_.end() && fits->first <= 2 * bytes) {
    void* const block = fits->second;
    free_.erase(fits);
    return block;
  }
  void* const block = new_block(device_, std::max<std::size_t>(bytes, 1));
  sizes_.emplace(block, std::max<std::size_t>(bytes, 1));
  return block;
}

void MemoryTape::give_back(void* block) noexcept {
  if (recorded_ || !keeps_blocks(device_)) return;
  try {
    free_.emplace(sizes_.at(block), block);
  } catch (...) {
    // No memory to remember the block by: it is used once.
  }
}

}  // namespace ito
