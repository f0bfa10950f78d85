#pragma once
// The device's memory: a region of addresses of its own, which traps unless a kernel or a copy is
// at work. Every word of it that nobody has written holds a NaN that knows its own address: what
// lies free, what surrounds an allocation, and what an allocation holds at first. So a write where
// none belongs is seen, and so is a number that was computed from memory never written.

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "fault.h"
#include "launch_kernel.h"

namespace cuda_emulation {

class DeviceMemory {
 public:
  DeviceMemory();

  void* allocate(std::size_t bytes);  ///< null: there is not enough
  bool free(void* memory);            ///< false: not the start of an allocation
  void forget(void* memory, std::size_t bytes);
  void set_total(std::size_t bytes) { total_ = bytes; }
  std::size_t total() const { return total_; }
  std::size_t used() const { return used_; }

  /// Whether `address` belongs to the region, allocated or not.
  bool holds(const void* address) const;
  /// Fails unless all of [address, address + bytes) is one allocation's.
  void require(const void* address, std::size_t bytes, const char* role) const;
  void require(const Pointer& argument) const;
  /// Fails if the memory around an allocation has been written.
  void check_surroundings() const;
  /// Fails if numbers there were computed from memory that was never written...
  void check_written(const Pointer& argument) const;
  /// ... or if memory there was never written itself.
  void check_initialised(const void* address, std::size_t bytes) const;

  /// What all allocations hold.
  using Contents = std::vector<std::vector<char>>;
  Contents contents() const;
  void restore(const Contents& contents);
  const char* first_difference(const Contents& contents) const;  ///< null: there is none

  /// "byte 12 of an allocation of 64 bytes", "12 bytes behind an allocation of 64 bytes".
  std::string describe(const void* address) const;

  void open();
  void close();

 private:
  using Places = std::map<char*, std::size_t>;
  Places::const_iterator allocation_before(const void* address) const;
  char* find_room(std::size_t bytes);
  void give_back(char* begin, std::size_t bytes);
  bool grow(std::size_t bytes);

  char* base_ = nullptr;
  std::size_t size_ = 0;  ///< of what has been used so far
  std::size_t total_ = std::size_t{8} << 30, used_ = 0;
  Places allocations_;  ///< begin and bytes
  Places room_;         ///< begin and bytes of what is free, neighbours joined
};

DeviceMemory& device_memory();

/// Held while the device works: opens its memory, and keeps other threads of the host away.
class DeviceAtWork {
 public:
  DeviceAtWork(Work work, const char* name);
  ~DeviceAtWork();
  DeviceAtWork(const DeviceAtWork&) = delete;
  DeviceAtWork& operator=(const DeviceAtWork&) = delete;

 private:
  std::scoped_lock<std::mutex> only_;
  Running running_;
};

}  // namespace cuda_emulation
