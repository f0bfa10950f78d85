#include "kernels/blas.h"

#ifdef ITO_OPENBLAS

#include <cblas.h>

namespace ito::kernels {
namespace {

[[maybe_unused]] constexpr auto product(float) { return &cblas_sgemm; }
[[maybe_unused]] constexpr auto product(double) { return &cblas_dgemm; }

/// Threads are ours: the library must not start its own.
bool use_one_thread() {
  openblas_set_num_threads(1);
  return true;
}

}  // namespace

void blas_product(const Gemm& g, const LeadingSizes& sizes, const Real* a, const Real* b, Real* c) {
  [[maybe_unused]] static const bool once = use_one_thread();
  product(Real())(CblasRowMajor, g.transpose_a ? CblasTrans : CblasNoTrans,
                  g.transpose_b ? CblasTrans : CblasNoTrans, static_cast<blasint>(g.m),
                  static_cast<blasint>(g.n), static_cast<blasint>(g.k), Real(1), a,
                  static_cast<blasint>(sizes.a), b, static_cast<blasint>(sizes.b),
                  g.accumulate ? Real(1) : Real(0), c, static_cast<blasint>(sizes.c));
}

}  // namespace ito::kernels

#endif
