// Products by cuBLAS, all that ito asks of that library, and which products it computes. It is
// loaded when it is first wanted, so that a program starts without it; it reads matrices by
// columns, so C^T = op(B)^T op(A)^T is what it computes of our rows.

#include <cublas_v2.h>

#ifndef ITO_CUDA_EMULATION
#include <dlfcn.h>
#endif

#include <stdexcept>
#include <string>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/product.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/runtime.h"
#include "kernels/precision.h"

namespace ito::kernels::cuda {
namespace {

using Product = cublasStatus_t (*)(  // one of two overloads
    cublasHandle_t, cublasOperation_t, cublasOperation_t, int m, int n, int k, const void* alpha,
    const void* a, cudaDataType, int lda, long long stride_a, const void* b, cudaDataType, int ldb,
    long long stride_b, const void* beta, void* c, cudaDataType, int ldc, long long stride_c,
    int batch, cublasComputeType_t, cublasGemmAlgo_t);

/// The functions of the library.
struct Blas {
  decltype(&cublasCreate) create = nullptr;
  decltype(&cublasSetStream) set_stream = nullptr;
  decltype(&cublasSetWorkspace) set_workspace = nullptr;
  Product product = nullptr;
  decltype(&cublasGetStatusString) words = nullptr;
};

#ifdef ITO_CUDA_EMULATION
Blas load_blas() {
  return {&cublasCreate, &cublasSetStream, &cublasSetWorkspace, &cublasGemmStridedBatchedEx,
          &cublasGetStatusString};
}
#else
/// Sets `function` to the library's function of that name.
template <class Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) throw std::runtime_error(std::string("[cublas] has no ") + name);
}

Blas load_blas() {
  const std::string name = "libcublas.so." + std::to_string(CUBLAS_VER_MAJOR);
  void* const library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw std::runtime_error("[cublas] matrix products on a GPU need " + name + ": " + dlerror());
  }
  Blas blas;
  find(library, "cublasCreate_v2", blas.create);
  find(library, "cublasSetStream_v2", blas.set_stream);
  find(library, "cublasSetWorkspace_v2", blas.set_workspace);
  find(library, "cublasGemmStridedBatchedEx", blas.product);
  find(library, "cublasGetStatusString", blas.words);
  return blas;
}
#endif

/// The library with a handle whose work goes in our stream, in memory of ours: a fixed workspace
/// keeps results the same from call to call, and lets the calls be captured in a graph.
class Library {
 public:
  Library() : blas_(load_blas()) {
    require(blas_.create(&handle_), "cublasCreate", "start");
    require(blas_.set_stream(handle_, stream()), "cublasSetStream", "start");
    require(blas_.set_workspace(handle_, allocate(workspace_bytes), workspace_bytes),
            "cublasSetWorkspace", "start");
  }

  const Blas& functions() const { return blas_; }
  cublasHandle_t handle() const { return handle_; }

  void require(cublasStatus_t status, const char* call, const char* operation) const {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    throw std::runtime_error(std::string("[cuda] ") + operation + ": " + call +
                             " failed: " + blas_.words(status));
  }

 private:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  // as NVIDIA advises
  Blas blas_;
  cublasHandle_t handle_ = nullptr;
};

/// Never destroyed: the runtime may be gone before the last static object.
const Library& library() {
  static const Library& only = *new Library;
  return only;
}

constexpr bool is_double = sizeof(Real) == sizeof(double);
constexpr cudaDataType_t real_type = is_double ? CUDA_R_64F : CUDA_R_32F;

cublasComputeType_t compute_type() {
  if (is_double) return CUBLAS_COMPUTE_64F;
  switch (precision()) {
    case Precision::full:
      return CUBLAS_COMPUTE_32F;
    case Precision::tf32:
      return CUBLAS_COMPUTE_32F_FAST_TF32;
    case Precision::bf16:
      return CUBLAS_COMPUTE_32F_FAST_16BF;
  }
  return CUBLAS_COMPUTE_32F;
}

int to_int(Index n, const char* operation) {
  if (n > 0x7fffffff) {
    throw std::runtime_error(std::string("[cuda] ") + operation + ": a matrix of " +
                             std::to_string(n) + " rows or columns is too large for cuBLAS");
  }
  return static_cast<int>(n);
}

}  // namespace

void blas_product(const Gemm& g, const Real* a, const Real* b, Real* c, const char* operation) {
  const Library& blas = library();
  const auto size = [operation](Index n) { return to_int(n, operation); };
  const Real one = 1, before = g.accumulate ? Real(1) : Real(0);
  const cublasStatus_t status = blas.functions().product(
      blas.handle(), g.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N,
      g.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, size(g.n), size(g.m), size(g.k), &one, b,
      real_type, size(g.transpose_b ? g.k : g.n), g.stride_b, a, real_type,
      size(g.transpose_a ? g.m : g.k), g.stride_a, &before, c, real_type, size(g.n), g.stride_c,
      size(g.batch), compute_type(), CUBLAS_GEMM_DEFAULT);
  blas.require(status, "cublasGemmStridedBatchedEx", operation);
}

void gemm(Gemm g, const Real* a, const Real* b, Real* c) {
  if (g.batch == 0 || g.m == 0 || g.n == 0) return;
  if (g.k == 0) {
    if (!g.accumulate) fill(c, g.batch * g.m * g.n, 0);
    return;
  }
  const bool stacked =
      !g.transpose_a && g.stride_b == 0 && g.stride_a == g.m * g.k && g.stride_c == g.m * g.n;
  if (stacked) {
    g.m *= g.batch;
    g.batch = 1;
  }
  // A^T B sums over the rows of a batch, as gradients of weights do: no row of C is a sample's, and
  // cuBLAS cuts such long sums into pieces.
  g.transpose_a ? blas_product(g, a, b, c, "gemm") : ordered_product(g, a, b, c, "gemm");
}

}  // namespace ito::kernels::cuda
