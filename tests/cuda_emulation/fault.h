#pragma once
// What is wrong with a program is said once, on stderr, and ends it.

#include <string>

#include "device_functions.h"

namespace cuda_emulation {

/// Prints "CUDA emulation: kernel `k`, block (x, y, z), thread (x, y, z): MESSAGE" and aborts.
[[noreturn]] void fail(const std::string& message);

/// From now on accesses that trap, and AddressSanitizer's findings, are told in these terms.
void catch_traps();

/// Names what the device does until the end of the scope: a kernel or another call.
enum class Work { kernel, call };
class Running {
 public:
  Running(Work work, const char* name);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

std::string text(uint3 index);  ///< "(x, y, z)"
std::string text(const Place& place);

}  // namespace cuda_emulation
