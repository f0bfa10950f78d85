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

Index smaller(Index a, Index b) { return a < b ? a : b; }

Gemm product_of(Index m, Index n, Index k) {
  Gemm g;
  g.m = m;
  g.n = n;
  g.k = k;
  return g;
}

/// p[T, M] = softmax(scale q k^T) for T queries.
void probabilities(const Attention& s, Index T, const Real* q, const Real* k, Real* p) {
  Gemm g = product_of(T, s.M, s.D);
  g.transpose_b = true;
  multiply(g, q, k, p);
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
  Gemm g = product_of(s.M, s.E, s.T);
  g.transpose_a = true;
  multiply(g, p.data(), dy, dv);  // dv = p^T dy
  g = product_of(s.T, s.M, s.E);
  g.transpose_b = true;
  multiply(g, dy, v, ds.data());  // dp = dy v^T
  scores_grad(s, p.data(), ds.data());
  multiply(product_of(s.T, s.D, s.M), ds.data(), k, dq);  // dq = ds k
  g = product_of(s.M, s.D, s.T);
  g.transpose_a = true;
  multiply(g, ds.data(), q, dk);  // dk = ds^T q
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
    multiply(product_of(T, s.E, s.M), p.data(), v + b * s.M * s.E, y + (b * s.T + first) * s.E);
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
