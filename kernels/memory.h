#pragma once
// Memory that lives outside the tensor pool: raw blocks of a device, and the CPU kernels' scratch.

#include <cstddef>

#include "kernels/types.h"

namespace ito::kernels {

/// A block of device memory, 64-byte aligned; throws std::bad_alloc.
void* device_allocate(Device device, std::size_t bytes);
void device_free(Device device, void* block) noexcept;
void copy_to_host(Device device, void* host, const void* block, std::size_t bytes);
void copy_from_host(Device device, void* block, const void* host, std::size_t bytes);

/// Scratch memory of the calling thread for the CPU kernels, 64-byte aligned, not initialised. It
/// returns to the thread at the end of the scope, so that hot loops allocate nothing. Scopes nest:
/// what was taken last goes first.
class Scratch {
 public:
  explicit Scratch(Index reals);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Real* data() const { return data_; }

 private:
  std::size_t segment_ = 0, used_ = 0;  ///< where the thread's stack of blocks stood before
  Real* data_ = nullptr;
};

}  // namespace ito::kernels
