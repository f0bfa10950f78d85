// Scaled dot-product attention, y = softmax(scale q k^T) v, and its gradient, which computes the
// probabilities again.

#include "kernels/cpu/level.h"
#include "kernels/cpu/product.h"
#include "kernels/cpu/softmax.h"
#include "kernels/memory.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Queries whose scores are held at once.
constexpr Index query_rows = 96;

/// p[T, M] = softmax(scale q k^T) for T queries.
void probabilities(const Attention& s, Index T, const Real* q, const Real* k, Real* p) {
  multiply({.m = T, .n = s.M, .k = s.D, .transpose_b = true}, q, k, p);
  for (Index t = 0; t < T; ++t) {
    softmax_row(p + t * s.M, s.M, static_cast<Real>(s.scale), p + t * s.M);
  }
}

/// ds = scale p (dp - sum(p dp)): through the softmax and the scale, in place in dp[T, M].
void scores_grad(const Attention& s, const Real* p, Real* dp) {
  for (Index t = 0; t < s.T; ++t, p += s.M, dp += s.M) {
    const Real mean = sum_lanes<Real>(s.M, [=](Index i) { return p[i] * dp[i]; });
    const Real scale = static_cast<Real>(s.scale);
    for (Index i = 0; i < s.M; ++i) dp[i] = scale * (p[i] * (dp[i] - mean));
  }
}

/// One batch element of the gradient.
void attention_grad_one(const Attention& s, const Real* q, const Real* k, const Real* v,
                        const Real* dy, Real* dq, Real* dk, Real* dv) {
  const Scratch p(s.T * s.M), ds(s.T * s.M);
  probabilities(s, s.T, q, k, p.data());
  // dv = p^T dy, dp = dy v^T
  multiply({.m = s.M, .n = s.E, .k = s.T, .transpose_a = true}, p.data(), dy, dv);
  multiply({.m = s.T, .n = s.M, .k = s.E, .transpose_b = true}, dy, v, ds.data());
  scores_grad(s, p.data(), ds.data());
  // dq = ds k, dk = ds^T q
  multiply({.m = s.T, .n = s.D, .k = s.M}, ds.data(), k, dq);
  multiply({.m = s.M, .n = s.D, .k = s.T, .transpose_a = true}, ds.data(), q, dk);
}

}  // namespace

void attention(Attention s, const Real* q, const Real* k, const Real* v, Real* y) {
  const Index cuts = (s.T + query_rows - 1) / query_rows;
  parallel_for(s.B * cuts, [&](Index i) {
    const Index b = i / cuts;
    const Index first = i % cuts * query_rows;
    const Index T = smaller(query_rows, s.T - first);
    const Scratch p(T * s.M);
    if (s.M > 0) probabilities(s, T, q + (b * s.T + first) * s.D, k + b * s.M * s.D, p.data());
    multiply({.m = T, .n = s.E, .k = s.M}, p.data(), v + b * s.M * s.E,
             y + (b * s.T + first) * s.E);
  });
}

void attention_grad(Attention s, const Real* q, const Real* k, const Real* v, const Real* dy,
                    Real* dq, Real* dk, Real* dv) {
  parallel_for(s.B, [&](Index b) {
    const Index queries = b * s.T;
    const Index keys = b * s.M;
    attention_grad_one(s, q + queries * s.D, k + keys * s.D, v + keys * s.E, dy + queries * s.E,
                       dq + queries * s.D, dk + keys * s.D, dv + keys * s.E);
  });
}

}  // namespace ito::kernels::ITO_LEVEL
