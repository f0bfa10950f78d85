#include "block.h"

#include <algorithm>

#include "fault.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace cuda_emulation {
namespace {

uint3 index_in_block(int thread) {
  const auto i = static_cast<unsigned>(thread);
  return {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
}

}  // namespace

Block& block() {
  static Block only;
  return only;
}

void Block::run(const Kernel& kernel, uint3 index, bool reversed) {
  kernel_ = &kernel;
  reversed_ = reversed;
  blockIdx = index;
  reset();
  while (begun_ < size_) idle_fiber().resume();
  while (returned_ < size_) {
    if (!take_turns()) fail_divergent();
  }
  current_ = nobody;
}

void Block::reset() {
  size_ = static_cast<int>(blockDim.x * blockDim.y * blockDim.z);
  begun_ = waiting_ = returned_ = 0;
  threads_.assign(static_cast<std::size_t>(size_), Thread());
  warps_.clear();
  for (int i = 0; i < size_; i += warpSize) {
    Warp& warp = warps_.emplace_back();
    warp.begin = i;
    warp.end = std::min(i + warpSize, size_);
  }
}

Fiber& Block::idle_fiber() {
  if (idle_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>(&Block::run_fiber, this));
    idle_.push_back(fibers_.back().get());
  }
  return *idle_.back();
}

void Block::run_fiber(void* block) {
  Block& self = *static_cast<Block*>(block);
  for (;;) {
    self.idle_.pop_back();
    self.begin_threads();
    self.idle_.push_back(&Fiber::current());
    Fiber::yield();
  }
}

/// Runs the threads that have not begun one after the other, as a plain loop: only where one waits
/// does another fiber take over the rest.
void Block::begin_threads() {
  while (begun_ < size_) {
    set_turn(thread_at(begun_++));
    thread(current_).state = State::running;
    call_kernel();
    thread(current_).state = State::returned;
    ++returned_;
  }
}

void Block::call_kernel() {
  try {
    kernel_->call();
  } catch (...) {
    fail("an exception left the kernel");
  }
}

int Block::thread_at(int turn) const { return reversed_ ? size_ - 1 - turn : turn; }

void Block::set_turn(int thread) {
  current_ = thread;
  threadIdx = index_in_block(thread);
}

/// A turn for every thread that waits no longer; false when there is none.
bool Block::take_turns() {
  bool any = false;
  for (int turn = 0; turn < size_; ++turn) {
    const int i = thread_at(turn);
    if (thread(i).state != State::running) continue;
    set_turn(i);
    thread(i).fiber->resume();
    any = true;
  }
  return any;
}

void Block::wait_for_block(Place place) { wait(place, waiting_, 0, size_); }

void Block::wait_for_warp(unsigned mask, Place place) {
  if (mask != 0xffffffffu) fail(std::string(place.operation) + ": only full masks are emulated");
  Warp& all = warp();
  wait(place, all.waiting, all.begin, all.end);
}

/// Waits until the threads [begin, end) have all arrived, of which `waiting` counts.
void Block::wait(Place place, int& waiting, int begin, int end) {
  thread(current_) = {State::waits, &Fiber::current(), place};
  if (++waiting == end - begin) {
    waiting = 0;
    release(begin, end);
  }
  Fiber::yield();
}

/// All have arrived; they must have arrived at one place.
void Block::release(int begin, int end) {
  for (int i = begin; i < end; ++i) {
    if (thread(i).place != thread(begin).place) fail_divergent();
  }
  for (int i = begin; i < end; ++i) thread(i).state = State::running;
}

std::uint64_t Block::exchange(unsigned mask, std::uint64_t bits, int source, Place place) {
  Warp& all = warp();
  const int me = lane();
  if (source < 0 || source >= all.end - all.begin) {
    fail(std::string(place.operation) + " reads lane " + std::to_string(source) +
         ", which the warp does not have");
  }
  std::uint64_t* const slots = all.slots[all.turn[me]];
  all.turn[me] = 1 - all.turn[me];
  slots[me] = bits;
  wait_for_warp(mask, place);
  return slots[source];
}

/// What each run of threads in the same state is about: "threads 0 to 31 wait at ...".
void Block::fail_divergent() {
  std::string message = "divergent barrier:";
  for (int begin = 0, end = 0; begin < size_; begin = end) {
    const Thread& first = threads_[static_cast<std::size_t>(begin)];
    const auto alike = [&](const Thread& other) {
      return other.state == first.state && other.place == first.place;
    };
    while (end < size_ && alike(threads_[static_cast<std::size_t>(end)])) ++end;
    message += "\n  threads " + std::to_string(begin) + " to " + std::to_string(end - 1);
    if (first.state == State::returned) message += " have returned";
    if (first.state == State::running) message += " run";
    if (first.state == State::waits) message += " wait at " + text(first.place);
  }
  current_ = all_threads;
  fail(message);
}

std::string Block::turn() const {
  if (current_ == nobody) return "";
  const std::string block = "block " + text(blockIdx);
  return current_ == all_threads ? block : block + ", thread " + text(threadIdx);
}

bool Block::overflowed_at(const void* address) const {
  return std::any_of(fibers_.begin(), fibers_.end(),
                     [&](const auto& fiber) { return fiber->overflowed_at(address); });
}

void synchronize_block(Place place) { block().wait_for_block(place); }
void synchronize_warp(unsigned mask, Place place) { block().wait_for_warp(mask, place); }
std::uint64_t exchange(unsigned mask, std::uint64_t bits, int source, Place place) {
  return block().exchange(mask, bits, source, place);
}
int lane() { return block().lane(); }

}  // namespace cuda_emulation
