#include "fault.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "block.h"
#include "device_memory.h"
#include "sanitizer.h"
#include "shared_memory.h"

namespace cuda_emulation {
namespace {

const char* running = nullptr;
Work work_running = Work::kernel;
std::string last_kernel = "none";

std::string what_runs() {
  if (running == nullptr) return "the host, after kernel `" + last_kernel + "`";
  if (work_running == Work::call)
    return std::string(running) + ", after kernel `" + last_kernel + "`";
  const std::string turn = block().turn();
  return "kernel `" + last_kernel + "`" + (turn.empty() ? "" : ", " + turn);
}

std::string describe(const void* address) {
  if (device_memory().holds(address)) {
    return "memory of the device, " + device_memory().describe(address);
  }
  const std::string shared = shared_memory().describe(address);
  if (!shared.empty()) return shared;
  char text[64];
  std::snprintf(text, sizeof(text), "%p, which is not memory of the device", address);
  return text;
}

struct sigaction handlers_before[NSIG];

void on_trap(int signal, siginfo_t* info, void*) {
  const void* const address = info->si_addr;
  if (running != nullptr && block().overflowed_at(address)) fail("the thread's stack is full");
  if (running != nullptr) fail("accesses " + describe(address));
  if (device_memory().holds(address)) fail("accesses " + describe(address));
  sigaction(signal, &handlers_before[signal], nullptr);  // not ours: happens again, to its owner
}

#ifdef ITO_ADDRESS_SANITIZER
void on_report(const char*) {
  std::fprintf(stderr, "CUDA emulation: %s: the access above is to %s\n", what_runs().c_str(),
               describe(__asan_get_report_address()).c_str());
}
#endif

}  // namespace

void fail(const std::string& message) {
  std::fprintf(stderr, "CUDA emulation: %s: %s\n", what_runs().c_str(), message.c_str());
  std::abort();
}

void catch_traps() {
#ifdef ITO_ADDRESS_SANITIZER  // which has given its own stack to handlers, too
  __asan_set_error_report_callback(on_report);
#else
  static char stack[1 << 16];  // a thread's own may be full
  stack_t own = {};
  own.ss_sp = stack;
  own.ss_size = sizeof(stack);
  sigaltstack(&own, nullptr);
#endif
  struct sigaction action = {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int signal : {SIGSEGV, SIGBUS}) sigaction(signal, &action, &handlers_before[signal]);
}

Running::Running(Work work, const char* name) {
  running = name;
  work_running = work;
  if (work == Work::kernel) last_kernel = name;
}
Running::~Running() { running = nullptr; }

std::string text(uint3 v) {
  return "(" + std::to_string(v.x) + ", " + std::to_string(v.y) + ", " + std::to_string(v.z) + ")";
}

std::string text(const Place& place) {
  return std::string(place.operation) + " (" + place.file + ":" + std::to_string(place.line) + ")";
}

}  // namespace cuda_emulation
