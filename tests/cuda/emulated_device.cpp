// Makes the emulated device the one of Device::cuda in the program that this is linked into.

#include "kernels/backend.h"

namespace ito::test {
namespace {

[[maybe_unused]] const bool chosen = [] {
  kernels::set_cuda_backend(&kernels::cuda::backend);
  return true;
}();

}  // namespace
}  // namespace ito::test
