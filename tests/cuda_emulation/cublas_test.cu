// Products of small whole numbers are exact, so they must equal the sums written here.

#include <cublas_v2.h>

#include "testing.h"

namespace cuda_emulation::test {
namespace {

template <class T>
std::vector<T> small_numbers(std::size_t n, int seed) {
  std::vector<T> values;
  for (std::size_t i = 0; i < n; ++i) {
    values.push_back(static_cast<T>((static_cast<int>(i) * 37 + seed) % 11 - 5));
  }
  return values;
}

/// C of 2 products with m = 3, n = 4, k = 5 and rows that are one longer than they need be.
template <class T>
void compare(bool transpose_a, bool transpose_b, T alpha, T beta) {
  constexpr int m = 3, n = 4, k = 5, batch = 2;
  const int lda = (transpose_a ? k : m) + 1, ldb = (transpose_b ? n : k) + 1, ldc = m + 1;
  constexpr std::size_t stride = 48;
  std::vector<T> a = small_numbers<T>(2 * stride, 1), b = small_numbers<T>(2 * stride, 2),
                 c = small_numbers<T>(2 * stride, 3);
  Array<T> on_a(a), on_b(b), on_c(c);
  cublasHandle_t handle = nullptr;
  ASSERT_EQ(cublasCreate(&handle), CUBLAS_STATUS_SUCCESS);
  const bool wide = sizeof(T) == 8;
  const cudaDataType_t type = wide ? CUDA_R_64F : CUDA_R_32F;
  ASSERT_EQ(cublasGemmStridedBatchedEx(
                handle, transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N,
                transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, m, n, k, &alpha, on_a.data(), type, lda,
                stride, on_b.data(), type, ldb, stride, &beta, on_c.data(), type, ldc, stride,
                batch, wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
            CUBLAS_STATUS_SUCCESS);
  cublasDestroy(handle);
  for (int i = 0; i < batch * m * n; ++i) {
    const int row = i % m, column = i / m % n;
    const auto at = [&](int r, int s, int ld) {
      return static_cast<std::size_t>(i / (m * n)) * stride + static_cast<std::size_t>(s * ld + r);
    };
    T sum = 0;
    for (int j = 0; j < k; ++j) {
      sum += a[transpose_a ? at(j, row, lda) : at(row, j, lda)] *
             b[transpose_b ? at(column, j, ldb) : at(j, column, ldb)];
    }
    T& y = c[at(row, column, ldc)];
    y = alpha * sum + beta * y;
  }
  EXPECT_EQ(on_c.on_host(), c);  // and nothing between the rows has changed
}

TEST(EmulatedCublas, IsTheProduct) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      for (const int beta : {0, 1, 3}) {
        SCOPED_TRACE(std::to_string(transpose_a) + std::to_string(transpose_b));
        compare<float>(transpose_a, transpose_b, 2, static_cast<float>(beta));
        compare<double>(transpose_a, transpose_b, 1, beta);
      }
    }
  }
}

cublasStatus_t square_product(cublasHandle_t handle, const float* a, float* c, int n, float beta) {
  const float one = 1;
  return cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, n, n, n, &one, a, CUDA_R_32F, n, a,
                      CUDA_R_32F, n, &beta, c, CUDA_R_32F, n, CUBLAS_COMPUTE_32F,
                      CUBLAS_GEMM_DEFAULT);
}

TEST(EmulatedCublas, FaultsAreNamed) {
  Array<float> a(count_to(16)), c(16), unwritten(16);
  cublasHandle_t handle = nullptr;
  cublasCreate(&handle);
  EXPECT_EQ(square_product(handle, a.data(), c.data(), 4, 0), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(square_product(handle, a.data(), c.data(), -1, 0), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_DEATH(square_product(handle, a.data(), c.data(), 5, 0),
               "cublasGemmStridedBatchedEx.*matrix A of 100 bytes");
  EXPECT_DEATH(square_product(handle, a.data(), unwritten.data(), 4, 1),
               "cublasGemmStridedBatchedEx.*never written");
  EXPECT_DEATH(square_product(handle, unwritten.data(), c.data(), 4, 0),
               "cublasGemmStridedBatchedEx.*never written");
  cublasDestroy(handle);
}

}  // namespace
}  // namespace cuda_emulation::test
