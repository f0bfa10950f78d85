#include <vector>

#include "cublas_v2.h"
#include "device_memory.h"
#include "stream.h"

struct cublasContext {
  cudaStream_t stream = nullptr;
};

namespace cuda_emulation {
namespace {

template <class T>
struct Product {
  bool transpose_a, transpose_b;
  long long m, n, k;
  T alpha, beta;
  const T *a, *b;
  T* c;
  long long lda, ldb, ldc, stride_a, stride_b, stride_c, batch;
};

/// Column j of C: beta of what it was (which nobody reads where beta is 0) plus alpha A times
/// column j of op(B). The innermost loop runs along a column of A, or along a row that is one.
template <class T>
void add_column(const Product<T>& p, const T* a, const T* b, T* c, std::vector<T>& sum) {
  sum.assign(static_cast<std::size_t>(p.m), T(0));
  for (long long k = 0; k < p.k; ++k) {
    const T factor = b[p.transpose_b ? k * p.ldb : k];
    for (long long i = 0; i < p.m; ++i) {
      sum[static_cast<std::size_t>(i)] += a[p.transpose_a ? i * p.lda + k : k * p.lda + i] * factor;
    }
  }
  for (long long i = 0; i < p.m; ++i) {
    const T before = p.beta == T(0) ? T(0) : p.beta * c[i];
    c[i] = p.alpha * sum[static_cast<std::size_t>(i)] + before;
  }
}

template <class T>
void multiply(const Product<T>& p) {
  std::vector<T> sum;
  for (long long i = 0; i < p.batch; ++i) {
    for (long long j = 0; j < p.n; ++j) {
      add_column(p, p.a + i * p.stride_a, p.b + i * p.stride_b + (p.transpose_b ? j : j * p.ldb),
                 p.c + i * p.stride_c + j * p.ldc, sum);
    }
  }
}

/// The last element of a batch of matrices with `columns` columns of `rows`, and one more.
long long extent(long long rows, long long columns, long long ld, long long stride,
                 long long batch) {
  return (batch - 1) * stride + (columns - 1) * ld + rows;
}

template <class T>
void run(const Product<T>& p) {
  if (p.m == 0 || p.n == 0 || p.batch == 0) return;
  const DeviceAtWork at_work(Work::call, "cublasGemmStridedBatchedEx");
  const DeviceMemory& memory = device_memory();
  const auto require = [&](const T* matrix, bool transposed, long long rows, long long columns,
                           long long ld, long long stride, const char* role) {
    const long long count = transposed ? extent(columns, rows, ld, stride, p.batch)
                                       : extent(rows, columns, ld, stride, p.batch);
    memory.require(matrix, static_cast<std::size_t>(count) * sizeof(T), role);
  };
  if (p.k > 0) {
    require(p.a, p.transpose_a, p.m, p.k, p.lda, p.stride_a, "matrix A");
    require(p.b, p.transpose_b, p.k, p.n, p.ldb, p.stride_b, "matrix B");
  }
  require(p.c, false, p.m, p.n, p.ldc, p.stride_c, "matrix C");
  if (p.beta != T(0) && p.ldc == p.m && (p.batch == 1 || p.stride_c == p.m * p.n)) {
    memory.check_initialised(p.c, static_cast<std::size_t>(p.batch * p.m * p.n) * sizeof(T));
  }
  multiply(p);
  memory.check_written({p.c, 16, true, true, elements_of<T>()});
}

}  // namespace
}  // namespace cuda_emulation

using namespace cuda_emulation;

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = new cublasContext;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetPointerMode(cublasHandle_t, cublasPointerMode_t mode) {
  return mode == CUBLAS_POINTER_MODE_HOST ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}
cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t) {
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace(cublasHandle_t, void*, std::size_t) {
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasGetVersion(cublasHandle_t, int* version) {
  *version = 130000;
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
  return "unknown status";
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t op_a,
                                          cublasOperation_t op_b, int m, int n, int k,
                                          const void* alpha, const void* a, cudaDataType_t type_a,
                                          int lda, long long stride_a, const void* b,
                                          cudaDataType_t type_b, int ldb, long long stride_b,
                                          const void* beta, void* c, cudaDataType_t type_c, int ldc,
                                          long long stride_c, int batch,
                                          cublasComputeType_t compute, cublasGemmAlgo_t) {
  const bool transpose_a = op_a != CUBLAS_OP_N, transpose_b = op_b != CUBLAS_OP_N;
  const bool doubles = compute == CUBLAS_COMPUTE_64F || compute == CUBLAS_COMPUTE_64F_PEDANTIC;
  const cudaDataType_t type = doubles ? CUDA_R_64F : CUDA_R_32F;
  const auto too_small = [](int ld, int rows) { return ld < rows || ld < 1; };
  if (m < 0 || n < 0 || k < 0 || batch < 0 || too_small(lda, transpose_a ? k : m) ||
      too_small(ldb, transpose_b ? n : k) || too_small(ldc, m)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (type_a != type || type_b != type || type_c != type) return CUBLAS_STATUS_NOT_SUPPORTED;
  const auto with = [&]<class T>(T) {
    const Product<T> product = {transpose_a,
                                transpose_b,
                                m,
                                n,
                                k,
                                *static_cast<const T*>(alpha),
                                *static_cast<const T*>(beta),
                                static_cast<const T*>(a),
                                static_cast<const T*>(b),
                                static_cast<T*>(c),
                                lda,
                                ldb,
                                ldc,
                                stride_a,
                                stride_b,
                                stride_c,
                                batch};
    submit(handle->stream, [product] { run(product); });
  };
  if (doubles) {
    with(double());
  } else {
    with(float());
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                            int m, int n, int k, const void* alpha, const void* a,
                            cudaDataType_t type_a, int lda, const void* b, cudaDataType_t type_b,
                            int ldb, const void* beta, void* c, cudaDataType_t type_c, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t algorithm) {
  return cublasGemmStridedBatchedEx(handle, op_a, op_b, m, n, k, alpha, a, type_a, lda, 0, b,
                                    type_b, ldb, 0, beta, c, type_c, ldc, 0, 1, compute, algorithm);
}
