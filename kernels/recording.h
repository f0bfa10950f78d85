#pragma once
// What a computation has the CUDA device do, to be launched as one graph when it is computed again.

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/types.h"

namespace ito::kernels {

/// run(compute) is compute() with the device's part kept: the first time it is done and noted, the
/// second time captured, and from then on launched as a whole. The host's part runs each time, and
/// is held to having the device do the same: the same kernels on the same memory with the same
/// numbers. Only the contents of what it copies to the device may differ. So nothing that depends
/// on the host can be forgotten in the graph.
class Recording {
 public:
  Recording();
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// Throws std::runtime_error for a computation that is another one than before, or that waits for
  /// the device after the first time, when it may read what the host then keeps; it is of no use
  /// from then on. For one thread at a time; runs do not nest.
  void run(const std::function<void()>& compute);
  /// Whether the computation of a Recording is under way.
  static bool running();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace ito::kernels
