#pragma once
// The products that OpenBLAS computes for us. Outside kernels/cpu: compiled once, not per level.

#include "kernels/types.h"

namespace ito::kernels {

#ifdef ITO_OPENBLAS
/// C (+)= op(A) op(B) on the calling thread; `m`, `n`, `k` are those of `g`, and row-major A, B and
/// C have `lda`, `ldb` and `ldc` elements from row to row.
struct LeadingSizes {
  Index a, b, c;
};
void blas_product(const Gemm& g, const LeadingSizes& sizes, const Real* a, const Real* b, Real* c);
#endif

}  // namespace ito::kernels
