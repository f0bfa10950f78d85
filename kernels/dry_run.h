#pragma once
// Dry runs: the course of a computation without its arithmetic.

#include <vector>

#include "kernels/types.h"

namespace ito::kernels {

/// Multiply-adds of one product, convolution, attention or filter, with what it reads.
struct DryWork {
  const void *a, *b;
  Index multiply_adds;
};

/// While one lives, no kernel does anything; those that multiply are listed. Shapes and errors are
/// as ever, the contents of new tensors are undefined, and their memory is not touched: large
/// networks can be built and run to be counted. For one thread at a time; scopes do not nest.
class DryRun {
 public:
  DryRun();
  ~DryRun();
  DryRun(const DryRun&) = delete;
  DryRun& operator=(const DryRun&) = delete;

  const std::vector<DryWork>& work() const;
};

}  // namespace ito::kernels
