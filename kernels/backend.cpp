#include "kernels/backend.h"

#include <stdexcept>

namespace ito::kernels {
namespace {

#ifdef ITO_CUDA
const Backend* chosen = &cuda::backend;
#else
const Backend* chosen = nullptr;
#endif

}  // namespace

const Backend& cuda_backend() {
  if (chosen != nullptr) return *chosen;
  throw std::runtime_error("[device] this build of ito has no CUDA kernels (-DITO_CUDA=ON)");
}

void set_cuda_backend(const Backend* backend) { chosen = backend; }

}  // namespace ito::kernels
