#include "shared_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <string_view>

#include "emulation.h"
#include "fault.h"
#include "program_symbols.h"
#include "sanitizer.h"
#include "unwritten.h"

namespace cuda_emulation {
namespace {

constexpr std::size_t alignment = 128;
constexpr std::size_t guard = 128;                    // before and behind
constexpr std::size_t room = std::size_t{256} << 10;  // a multiple of any page's size

std::size_t page_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

// The tags that __shared__ gives to names, as they are mangled.
constexpr std::string_view array_tag = "B15ito_cuda_shared", guard_tag = "B14ito_cuda_guard";

bool has_tag(std::string_view name) {
  return name.find(array_tag) != name.npos || name.find(guard_tag) != name.npos;
}

}  // namespace

SharedMemory& shared_memory() {
  static auto& only = *new SharedMemory;
  return only;
}

SharedMemory::SharedMemory() {
  void* const memory =
      mmap(nullptr, room + 2 * page_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(memory) + page_bytes();
  mprotect(memory_, room, PROT_READ | PROT_WRITE);
}

/// The arrays of the function `_Z1f...` are called `_ZZ1f...E5array...`.
SharedMemory::Ranges SharedMemory::find_arrays(const void* kernel) {
  static const std::vector<Symbol> arrays = program_symbols(SymbolKind::data, has_tag);
  static const std::vector<Symbol> functions = program_symbols(
      SymbolKind::function, [](std::string_view name) { return name.substr(0, 2) == "_Z"; });
  Ranges found;
  for (const Symbol& function : functions) {
    if (function.begin != kernel) continue;
    const std::string own = "_ZZ" + function.name.substr(2, function.name.find('.') - 2) + "E";
    for (const Symbol& array : arrays) {
      if (array.name.substr(0, own.size()) != own) continue;
      const bool is_guard = array.name.find(guard_tag) != array.name.npos;
      found.push_back({array.begin, array.begin + array.bytes, is_guard});
    }
  }
  return found;
}

void SharedMemory::set_kernel(const void* kernel, std::size_t dynamic_bytes) {
  const auto known = arrays_of_.find(kernel);
  arrays_ = known != arrays_of_.end()
                ? &known->second
                : &arrays_of_.emplace(kernel, find_arrays(kernel)).first->second;
  bytes_ = dynamic_bytes;
  const std::size_t whole = (bytes_ + alignment - 1) / alignment * alignment;
  begin_ = memory_ + room - guard - whole;
  __asan_poison_memory_region(memory_, room);
  __asan_unpoison_memory_region(begin_, bytes_);
}

void SharedMemory::prepare() {
  fill_unwritten(Unwritten::shared, begin_ - guard, memory_ + room);
  for (const Range& array : *arrays_) fill_unwritten(Unwritten::shared, array.begin, array.end);
}

void SharedMemory::check() const {
  const char* written = first_written(Unwritten::shared, begin_ + bytes_, memory_ + room);
  if (written == nullptr) written = first_written(Unwritten::shared, begin_ - guard, begin_);
  if (written != nullptr) fail("wrote out of bounds: " + describe(written));
  for (const Range& array : *arrays_) {
    if (!array.guard) continue;
    if (first_written(Unwritten::shared, array.begin, array.end) != nullptr) {
      fail("wrote out of bounds: beside a __shared__ array");
    }
  }
}

std::string SharedMemory::describe(const void* address) const {
  const char* const at = static_cast<const char*>(address);
  if (at < memory_ - page_bytes() || at >= memory_ + room + page_bytes()) return "";
  const std::string whole = " the dynamic shared memory of " + std::to_string(bytes_) + " bytes";
  if (at < begin_) return std::to_string(begin_ - at) + " bytes before" + whole;
  const auto offset = static_cast<std::size_t>(at - begin_);
  if (offset < bytes_) return "byte " + std::to_string(offset) + " of" + whole;
  return std::to_string(offset - bytes_) + " bytes behind the end of" + whole;
}

void* dynamic_shared() { return shared_memory().dynamic(); }

}  // namespace cuda_emulation
