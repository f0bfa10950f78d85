#include "kernels/blas.h"

#ifdef ITO_OPENBLAS

#include <cblas.h>

#include <mutex>

namespace ito::kernels {
namespace {

[[maybe_unused]] constexpr auto product(float) { return &cblas_sgemm; }
[[maybe_unused]] constexpr auto product(double) { return &cblas_dgemm; }

/// Threads are ours: the library must not start its own. Its OpenMP build has a setting a thread.
bool use_one_thread() {
  static std::mutex one_at_a_time;
  const std::scoped_lock lock(one_at_a_time);
  openblas_set_num_threads(1);
  return true;
}

}  // namespace

void blas_product(const Gemm& g, const LeadingSizes& sizes, const Real* a, const Real* b, Real* c) {
  [[maybe_unused]] static thread_local const bool once = use_one_thread();
  product(Real())(CblasRowMajor, g.transpose_a ? CblasTrans : CblasNoTrans,
                  g.transpose_b ? CblasTrans : CblasNoTrans, static_cast<blasint>(g.m),
                  static_cast<blasint>(g.n), static_cast<blasint>(g.k), Real(1), a,
                  static_cast<blasint>(sizes.a), b, static_cast<blasint>(sizes.b),
                  g.accumulate ? Real(1) : Real(0), c, static_cast<blasint>(sizes.c));
}

}  // namespace ito::kernels

#endif
