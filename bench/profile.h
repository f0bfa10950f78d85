#pragma once
// A profile of kernels: while one is alive every kernel call of this process is timed and its
// arithmetic counted, by kernel and shape. On a device each call is waited for, so that a step
// takes longer than it does alone.

#include <ostream>

#include "kernels/types.h"

namespace ito::bench {

/// One at a time; kernels are called from one thread meanwhile.
class Profile {
 public:
  explicit Profile(Device device = Device::cpu);
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// Floating-point operations of the matrix products, convolutions and attentions so far.
  double flops() const;
  /// Milliseconds in each kernel, per step, the most expensive first, for `steps` steps that took
  /// `total_ms` together; with `by_shape` one line per shape. What is left is bookkeeping.
  void print(std::ostream& out, int steps, double total_ms, bool by_shape) const;
};

}  // namespace ito::bench
