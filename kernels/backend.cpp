#include "kernels/backend.h"

#include <stdexcept>

namespace ito::kernels {
namespace {

#ifdef ITO_CUDA
const Backend* chosen_backend = &cuda::backend;
#else
const Backend* chosen_backend = nullptr;
#endif

}  // namespace

const Backend& cuda_backend() {
  if (chosen_backend != nullptr) return *chosen_backend;
  throw std::runtime_error("[device] this build of ito has no CUDA kernels (-DITO_CUDA=ON)");
}

void set_cuda_backend(const Backend* backend) { chosen_backend = backend; }

}  // namespace ito::kernels
