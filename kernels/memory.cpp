#include "kernels/memory.h"

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

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

struct Block {
  std::size_t bytes = 0;
  void* memory = nullptr;
  bool used = false;
};

/// Blocks that a thread has used before, reused last in, first out.
struct ThreadBlocks {
  std::vector<Block*> blocks;
  ~ThreadBlocks() {
    for (Block* block : blocks) {
      std::free(block->memory);
      delete block;
    }
  }
};

thread_local ThreadBlocks thread_blocks;

}  // namespace

void* device_allocate(Device, std::size_t bytes) { return aligned_block(bytes); }
void device_free(Device, void* block) noexcept { std::free(block); }
void copy_to_host(Device, void* host, const void* block, std::size_t bytes) {
  if (bytes > 0) std::memcpy(host, block, bytes);
}
void copy_from_host(Device, void* block, const void* host, std::size_t bytes) {
  if (bytes > 0) std::memcpy(block, host, bytes);
}

Scratch::Scratch(Index reals) {
  const std::size_t bytes = static_cast<std::size_t>(reals) * sizeof(Real);
  Block* best = nullptr;
  for (Block* block : thread_blocks.blocks) {
    const bool fits = !block->used && block->bytes >= bytes;
    if (fits && (best == nullptr || block->bytes < best->bytes)) best = block;
  }
  if (best == nullptr) {
    best = new Block{bytes, aligned_block(bytes), false};
    thread_blocks.blocks.push_back(best);
  }
  best->used = true;
  block_ = best;
  data_ = static_cast<Real*>(best->memory);
}

Scratch::~Scratch() { static_cast<Block*>(block_)->used = false; }

}  // namespace ito::kernels
