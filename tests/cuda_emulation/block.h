#pragma once
// A block of CUDA threads on one thread of the host. Threads take turns: each runs until it must
// wait for others, then the next one does. Nothing runs at the same time, so everything can be
// repeated; the order of the turns, on which no right kernel depends, can be reversed.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "device_functions.h"
#include "fiber.h"
#include "launch_kernel.h"

namespace cuda_emulation {

class Block {
 public:
  /// Runs all threads of the block `index` (of blockDim, gridDim) to their ends, the last one first
  /// if `reversed`. Fails if they wait for what cannot come.
  void run(const Kernel& kernel, uint3 index, bool reversed);

  /// For the thread whose turn it is: waits for all of the block, or of its warp.
  void wait_for_block(Place place);
  void wait_for_warp(unsigned mask, Place place);
  /// Lays down `bits`, waits for the warp, returns what lane `source` laid down.
  std::uint64_t exchange(unsigned mask, std::uint64_t bits, int source, Place place);
  int lane() const { return current_ % warpSize; }

  /// Which block and thread has its turn; empty where none has.
  std::string turn() const;
  /// Whether a trap at `address` means that a thread has used up its stack.
  bool overflowed_at(const void* address) const;

 private:
  enum class State { unbegun, running, waits, returned };
  struct Thread {
    State state = State::unbegun;
    Fiber* fiber = nullptr;
    Place place;  ///< where it waits
  };
  struct Warp {
    int begin = 0, end = 0;  ///< its threads
    int waiting = 0;
    std::uint64_t slots[2][32] = {};  ///< for exchanges in turn: the last may still be read
    int turn[32] = {};                ///< of each lane: which set its next exchange takes
  };

  void reset();
  static void run_fiber(void* block);
  void begin_threads();
  void call_kernel();
  bool take_turns();
  int thread_at(int turn) const;
  void set_turn(int thread);
  Fiber& idle_fiber();
  void wait(Place place, int& waiting, int begin, int end);
  void release(int begin, int end);
  Warp& warp() { return warps_[static_cast<std::size_t>(current_ / warpSize)]; }
  Thread& thread(int i) { return threads_[static_cast<std::size_t>(i)]; }
  [[noreturn]] void fail_divergent();

  const Kernel* kernel_ = nullptr;
  bool reversed_ = false;
  int size_ = 0;     ///< threads
  int begun_ = 0;    ///< of them
  int waiting_ = 0;  ///< at a barrier of the block
  int returned_ = 0;
  static constexpr int nobody = -1, all_threads = -2;
  int current_ = nobody;  ///< whose turn it is
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
};

/// The one block that runs.
Block& block();

}  // namespace cuda_emulation
