#pragma once
// A block's shared memory: never written when the block begins, surrounded by what must stay so.
// Dynamic memory is a region of its own; the static arrays of a kernel are static arrays of the
// program, found by their names.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace cuda_emulation {

class SharedMemory {
 public:
  static constexpr std::size_t most_bytes = std::size_t{227} << 10;  ///< of the newest devices

  SharedMemory();
  /// For the blocks of a launch.
  void set_kernel(const void* kernel, std::size_t dynamic_bytes);
  /// Before and after a block: makes all memory never written; fails if the block wrote outside.
  void prepare();
  void check() const;

  void* dynamic() const { return begin_; }
  /// "4 bytes behind the end of the dynamic shared memory"; empty: not near it.
  std::string describe(const void* address) const;

 private:
  struct Range {
    char *begin, *end;
    bool guard;
  };
  using Ranges = std::vector<Range>;
  static Ranges find_arrays(const void* kernel);

  char* memory_;           ///< between pages that trap
  char* begin_ = nullptr;  ///< of the dynamic memory, which ends where its alignment allows
  std::size_t bytes_ = 0;
  const Ranges* arrays_ = nullptr;  ///< of the kernel
  std::map<const void*, Ranges> arrays_of_;
};

SharedMemory& shared_memory();

}  // namespace cuda_emulation
