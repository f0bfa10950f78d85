#pragma once
// Memory of a computation that is run again and again on the same addresses.

#include <cstddef>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "kernels/types.h"

namespace ito {

/// While a Scope of it lives, the tensors that this thread makes on its device get their memory
/// from here: in the first scope blocks of their own, used again when a tensor has gone, and in
/// every later one the same blocks in the same order. Nobody else gets them until the tape and all
/// its tensors are gone.
class MemoryTape : public std::enable_shared_from_this<MemoryTape> {
 public:
  explicit MemoryTape(Device device) : device_(device) {}
  ~MemoryTape();
  MemoryTape(const MemoryTape&) = delete;
  MemoryTape& operator=(const MemoryTape&) = delete;

  class Scope {
   public:
    explicit Scope(MemoryTape& tape);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    MemoryTape& tape_;
    MemoryTape* before_;
  };

  /// For Storage. take() throws Error where a later scope asks for other sizes than the first.
  void* take(std::size_t bytes);
  void give_back(void* block) noexcept;
  /// The tape that tensors of `device` are on now, or null.
  static MemoryTape* current(Device device);

 private:
  struct Entry {
    void* block;
    std::size_t bytes;
  };
  void* block_for(std::size_t bytes);

  Device device_;
  bool recorded_ = false;
  std::vector<Entry> entries_;
  std::size_t next_ = 0;
  std::unordered_map<void*, std::size_t> sizes_;  ///< of all blocks
  std::multimap<std::size_t, void*> free_;
};

}  // namespace ito
