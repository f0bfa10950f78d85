#include "fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

#include "sanitizer.h"
#include "switch.h"

namespace cuda_emulation {
namespace {

constexpr std::size_t stack_bytes = std::size_t{256} << 10;  // memory only where it is touched

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

thread_local Fiber* running = nullptr;

}  // namespace

Fiber::Fiber(void (*entry)(void*), void* argument) : entry_(entry), argument_(argument) {
  const std::size_t whole = page_bytes() + stack_bytes;
  void* const memory = mmap(nullptr, whole, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  stack_ = static_cast<char*>(memory);
  mprotect(stack_, page_bytes(), PROT_NONE);
  context_ = new_context(stack_ + page_bytes(), stack_ + whole, &Fiber::begin);
}

Fiber::~Fiber() { munmap(stack_, page_bytes() + stack_bytes); }

void Fiber::resume() {
  running = this;
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack_ + page_bytes(), stack_bytes);
  ito_cuda_switch(&host_context_, context_);
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
  running = nullptr;
}

Fiber& Fiber::current() { return *running; }
void Fiber::yield() { running->switch_to_host(); }

void Fiber::switch_to_host() {
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, host_stack_, host_stack_bytes_);
  ito_cuda_switch(&context_, host_context_);
  __sanitizer_finish_switch_fiber(fake_stack, &host_stack_, &host_stack_bytes_);
}

void Fiber::begin() {
  Fiber& me = *running;
  __sanitizer_finish_switch_fiber(nullptr, &me.host_stack_, &me.host_stack_bytes_);
  me.entry_(me.argument_);
  __builtin_unreachable();
}

bool Fiber::overflowed_at(const void* address) const {
  return address >= stack_ && address < stack_ + page_bytes();
}

}  // namespace cuda_emulation
