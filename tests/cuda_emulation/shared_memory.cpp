#include "shared_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <string>

#include "emulation.h"
#include "fault.h"
#include "sanitizer.h"
#include "unwritten.h"

namespace cuda_emulation {
namespace {

constexpr std::size_t alignment = 128;
constexpr std::size_t guard = 128;                    // before and behind
constexpr std::size_t room = std::size_t{256} << 10;  // a multiple of any page's size

}  // namespace

SharedMemory& shared_memory() {
  static auto& only = *new SharedMemory;
  return only;
}

SharedMemory::SharedMemory() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const memory =
      mmap(nullptr, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(memory) + page;
  mprotect(memory_, room, PROT_READ | PROT_WRITE);
  set_bytes(0);
}

void SharedMemory::set_bytes(std::size_t bytes) {
  bytes_ = bytes;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  begin_ = memory_ + room - guard - whole;
  __asan_poison_memory_region(memory_, room);
  __asan_unpoison_memory_region(begin_, bytes_);
}

void SharedMemory::prepare() { fill_unwritten(Unwritten::shared, begin_ - guard, memory_ + room); }

void SharedMemory::check() const {
  const char* const end = begin_ + bytes_;
  if (const char* written = first_written(Unwritten::shared, end, memory_ + room)) {
    fail("wrote out of bounds, " + std::to_string(written - end) +
         " bytes behind the end of the dynamic shared memory of " + std::to_string(bytes_) +
         " bytes");
  }
  if (first_written(Unwritten::shared, begin_ - guard, begin_) != nullptr) {
    fail("wrote out of bounds, before the dynamic shared memory");
  }
}

void* dynamic_shared() { return shared_memory().dynamic(); }

}  // namespace cuda_emulation
