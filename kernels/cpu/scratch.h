#pragma once
// Scratch memory for other types than Real.

#include "kernels/memory.h"

namespace ito::kernels {
namespace {

template <class T>
class ScratchOf {
 public:
  explicit ScratchOf(Index n) : memory_((n * bytes + real_bytes - 1) / real_bytes) {}
  T* data() const { return reinterpret_cast<T*>(memory_.data()); }

 private:
  static constexpr Index bytes = sizeof(T);
  static constexpr Index real_bytes = sizeof(Real);
  Scratch memory_;
};

}  // namespace
}  // namespace ito::kernels
