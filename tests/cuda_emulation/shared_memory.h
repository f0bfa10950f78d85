#pragma once
// A block's shared memory: never written when the block begins, surrounded by what must stay so.

#include <cstddef>

namespace cuda_emulation {

class SharedMemory {
 public:
  static constexpr std::size_t most_bytes = std::size_t{227} << 10;  ///< of the newest devices

  SharedMemory();
  /// For the blocks of a launch.
  void set_bytes(std::size_t bytes);
  /// Before and after a block: makes all memory never written; fails if the block wrote outside.
  void prepare();
  void check() const;

  void* dynamic() const { return begin_; }

 private:
  char* memory_;  ///< between pages that trap
  char* begin_;   ///< ends at the trap as far as the alignment allows
  std::size_t bytes_ = 0;
};

SharedMemory& shared_memory();

}  // namespace cuda_emulation
