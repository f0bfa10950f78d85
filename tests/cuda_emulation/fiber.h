#pragma once
// A fiber: a function with a stack of its own, which runs until it yields and, resumed, goes on
// where it was. A CUDA thread that waits for others is one.

#include <cstddef>

namespace cuda_emulation {

class Fiber {
 public:
  /// Will call entry(argument), which yields now and then and never returns.
  Fiber(void (*entry)(void*), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs the fiber until it yields. Not to be called from a fiber.
  void resume();

  /// The fiber that runs; and from it, back to who resumed it.
  static Fiber& current();
  static void yield();

  /// Whether `address` lies in the page below the stack, which traps: the stack was too small.
  bool overflowed_at(const void* address) const;

 private:
  static void begin();
  void switch_to_host();

  void (*entry_)(void*);
  void* argument_;
  char* stack_;
  void* context_ = nullptr;       ///< where the fiber stopped
  void* host_context_ = nullptr;  ///< where its caller waits
  const void* host_stack_ = nullptr;
  std::size_t host_stack_bytes_ = 0;
};

}  // namespace cuda_emulation
