#include "device_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "fault.h"
#include "sanitizer.h"
#include "unwritten.h"

namespace cuda_emulation {
namespace {

constexpr std::size_t reserved_bytes = std::size_t{64} << 30;  // addresses, not memory
constexpr std::size_t step = std::size_t{2} << 20;             // of growing: a huge page
constexpr std::size_t alignment = 256;                         // as cudaMalloc promises
constexpr std::size_t guard = 64;  // bytes at least behind an allocation, and so before the next

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}
/// What an allocation takes with the guard behind it.
std::size_t slot_bytes(std::size_t bytes) { return round_up(bytes + guard, alignment); }

std::mutex& one_at_a_time() {
  static auto& only = *new std::mutex;
  return only;
}

}  // namespace

DeviceMemory& device_memory() {
  static auto& only = *new DeviceMemory;  // used to the end of the program
  return only;
}

DeviceMemory::DeviceMemory() {
  void* const region = mmap(nullptr, reserved_bytes + step, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (region == MAP_FAILED) throw std::bad_alloc();
  base_ = reinterpret_cast<char*>(round_up(reinterpret_cast<std::size_t>(region), step));
#ifdef MADV_HUGEPAGE
  madvise(base_, reserved_bytes, MADV_HUGEPAGE);  // opening and closing takes less time
#endif
  catch_traps();
  grow(step);
  // The first allocation has a guard before it, too.
  room_ = {{base_ + alignment, step - alignment}};
}

DeviceAtWork::DeviceAtWork(Work work, const char* name)
    : only_(one_at_a_time()), running_(work, name) {
  device_memory().open();
}
DeviceAtWork::~DeviceAtWork() { device_memory().close(); }

void DeviceMemory::open() { mprotect(base_, size_, PROT_READ | PROT_WRITE); }
void DeviceMemory::close() { mprotect(base_, size_, PROT_NONE); }

bool DeviceMemory::grow(std::size_t bytes) {
  const std::size_t more = round_up(bytes, step);
  if (size_ + more > reserved_bytes) return false;
  char* const begin = base_ + size_;
  size_ += more;
  open();
  fill_unwritten(Unwritten::device, begin, begin + more);
  give_back(begin, more);
  __asan_poison_memory_region(begin, more);
  return true;
}

/// Adds to the free room; neighbours are joined.
void DeviceMemory::give_back(char* begin, std::size_t bytes) {
  auto next = room_.lower_bound(begin);
  if (next != room_.end() && next->first == begin + bytes) {
    bytes += next->second;
    next = room_.erase(next);
  }
  if (next != room_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == begin) {
      before->second += bytes;
      return;
    }
  }
  room_.emplace(begin, bytes);
}

/// Takes the first room that is large enough; null if there is none.
char* DeviceMemory::find_room(std::size_t bytes) {
  const auto found = std::find_if(room_.begin(), room_.end(),
                                  [&](const auto& room) { return room.second >= bytes; });
  if (found == room_.end()) return nullptr;
  const auto [begin, size] = *found;
  room_.erase(found);
  if (size > bytes) room_.emplace(begin + bytes, size - bytes);
  return begin;
}

void* DeviceMemory::allocate(std::size_t bytes) {
  if (bytes > total_ - std::min(used_, total_)) return nullptr;
  const std::size_t slot = slot_bytes(bytes);
  char* begin = find_room(slot);
  if (begin == nullptr && grow(slot)) begin = find_room(slot);
  if (begin == nullptr) return nullptr;
  if (const char* written = first_written(Unwritten::device, begin, begin + slot)) {
    fail("something wrote to memory that was free: " + describe(written));
  }
  __asan_unpoison_memory_region(begin, bytes);
  allocations_.emplace(begin, bytes);
  used_ += bytes;
  return begin;
}

bool DeviceMemory::free(void* memory) {
  const auto found = allocations_.find(static_cast<char*>(memory));
  if (found == allocations_.end()) return false;
  const auto [begin, bytes] = *found;
  allocations_.erase(found);
  used_ -= bytes;
  fill_unwritten(Unwritten::device, begin, begin + bytes);
  __asan_poison_memory_region(begin, slot_bytes(bytes));
  give_back(begin, slot_bytes(bytes));
  return true;
}

void DeviceMemory::forget(void* memory, std::size_t bytes) {
  require(memory, bytes, "forget");
  char* const begin = static_cast<char*>(memory);
  fill_unwritten(Unwritten::device, begin, begin + bytes);
}

bool DeviceMemory::holds(const void* address) const {
  return address >= base_ && address < base_ + reserved_bytes;
}

/// The allocation that begins last at or before `address`; end() if none does.
DeviceMemory::Places::const_iterator DeviceMemory::allocation_before(const void* address) const {
  const auto next = allocations_.upper_bound(static_cast<char*>(const_cast<void*>(address)));
  return next == allocations_.begin() ? allocations_.end() : std::prev(next);
}

std::string DeviceMemory::describe(const void* address) const {
  const auto found = allocation_before(address);
  if (found == allocations_.end()) return "before all allocations of the device";
  const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - found->first);
  const std::string whole = " an allocation of " + std::to_string(found->second) + " bytes";
  if (offset < found->second) return "byte " + std::to_string(offset) + " of" + whole;
  return std::to_string(offset - found->second) + " bytes behind the end of" + whole;
}

void DeviceMemory::require(const void* address, std::size_t bytes, const char* role) const {
  if (bytes == 0) return;
  const auto found = allocation_before(address);
  const bool inside = found != allocations_.end() &&
                      static_cast<const char*>(address) + bytes <= found->first + found->second;
  if (inside) return;
  fail(std::string(role) + " of " + std::to_string(bytes) +
       (holds(address) ? " bytes from " + describe(address) : " bytes: not memory of the device"));
}

void DeviceMemory::require(const Pointer& argument) const {
  if (!argument.direct || argument.address == nullptr) return;
  const std::string name = "argument " + std::to_string(argument.argument + 1);
  if (!holds(argument.address)) fail(name + " points to memory that is not the device's");
  const auto found = allocation_before(argument.address);
  if (found == allocations_.end() || argument.address > found->first + found->second) {
    fail(name + " points to " + describe(argument.address));
  }
}

void DeviceMemory::check_surroundings() const {
  for (const auto& [begin, bytes] : allocations_) {
    const char* const end = begin + bytes;
    const char* written = first_written(Unwritten::device, end, begin + slot_bytes(bytes));
    if (written == nullptr) written = first_written(Unwritten::device, begin - guard, begin);
    if (written == nullptr) continue;
    const std::string size = " an allocation of " + std::to_string(bytes) + " bytes";
    fail("wrote out of bounds, " +
         (written >= end ? std::to_string(written - end) + " bytes behind the end of" + size
                         : std::to_string(begin - written) + " bytes before" + size));
  }
}

/// Single words among floats; pairs of words elsewhere, since the low word of a double may be
/// anything.
ITO_UNCHECKED void DeviceMemory::check_written(const Pointer& argument) const {
  if (!argument.written || argument.elements == Elements::integers) return;
  if (!holds(argument.address)) return;
  const auto found = allocation_before(argument.address);
  if (found == allocations_.end() || argument.address >= found->first + found->second) return;
  const auto* words = reinterpret_cast<const std::uint32_t*>(found->first);
  const std::size_t count = found->second / 4;
  const std::size_t step_words = argument.elements == Elements::floats || count == 1 ? 1 : 2;
  for (std::size_t i = 0; i + step_words <= count; i += step_words) {
    const std::size_t last = i + step_words - 1;
    if (!is_foreign(words[i], words + i) || !is_foreign(words[last], words + last)) continue;
    fail("computed with memory that was never written: a result is at " + describe(words + i) +
         ", argument " + std::to_string(argument.argument + 1));
  }
}

ITO_UNCHECKED void DeviceMemory::check_initialised(const void* address, std::size_t bytes) const {
  if (reinterpret_cast<std::uintptr_t>(address) % 4 != 0) return;  // bytes: not numbers
  const auto* words = static_cast<const std::uint32_t*>(address);
  for (std::size_t i = 0; i < bytes / 4; ++i) {
    if (is_unwritten(words[i], words + i)) {
      fail("reads memory that was never written: " + describe(words + i));
    }
  }
}

DeviceMemory::Contents DeviceMemory::contents() const {
  Contents all;
  for (const auto& [begin, bytes] : allocations_) all.emplace_back(begin, begin + bytes);
  return all;
}

void DeviceMemory::restore(const Contents& contents) {
  auto from = contents.begin();
  for (const auto& [begin, bytes] : allocations_) {
    std::copy(from->begin(), from->end(), begin);
    ++from;
  }
}

const char* DeviceMemory::first_difference(const Contents& contents) const {
  auto other = contents.begin();
  for (const auto& [begin, bytes] : allocations_) {
    const auto [here, there] = std::mismatch(begin, begin + bytes, other->begin());
    if (here != begin + bytes) return here;
    ++other;
  }
  return nullptr;
}

}  // namespace cuda_emulation
