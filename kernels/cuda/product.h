#pragma once
// Two ways to multiply matrices: by our tiles, with one order of every sum whatever the sizes, or
// by cuBLAS, which chooses its kernels by the sizes.

#include "kernels/types.h"

namespace ito::kernels::cuda {

/// C (+)= op(A) op(B). Not both operands may be transposed.
void tile_product(const Gemm& g, const Real* a, const Real* b, Real* c, const char* operation);

/// The same by cuBLAS, in the process's precision (kernels/precision.h). Throws std::runtime_error
/// where the library is not found.
void blas_product(const Gemm& g, const Real* a, const Real* b, Real* c, const char* operation);

/// By tiles in full precision, and otherwise by cuBLAS, which has tensor cores: what convolutions
/// and products use whose rows are samples'. In full precision a sample's bits then do not depend
/// on its batch; cuBLAS, which chooses its kernel and may cut its sums by the sizes of all, does
/// not promise that.
void ordered_product(const Gemm& g, const Real* a, const Real* b, Real* c, const char* operation);

}  // namespace ito::kernels::cuda
