#pragma once
// What is wrong with a program is said once, on stderr, and ends it.

#include <string>

#include "device_functions.h"

namespace cuda_emulation {

/// Prints "CUDA emulation: kernel `k`, block (x, y, z), thread (x, y, z): MESSAGE" and aborts.
[[noreturn]] void fail(const std::string& message);

/// Names what runs until the end of the scope: a kernel, a copy.
class Running {
 public:
  explicit Running(const char* name);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

std::string text(uint3 index);  ///< "(x, y, z)"
std::string text(const Place& place);

}  // namespace cuda_emulation
