// Scaled dot-product attention, y = softmax(scale q k^T) v, and its gradient, which computes the
// probabilities again where they were not kept.

#include <optional>

#include "kernels/cpu/level.h"
#include "kernels/cpu/product.h"
#include "kernels/cpu/softmax.h"
#include "kernels/memory.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Queries whose scores are held at once: each product of a block, with its operands, fits the
/// second-level cache.
constexpr Index query_rows = 256;
/// Batch elements from which each is one piece of work, its keys and values packed once.
constexpr Index many_elements = 8;

/// q [T, D] k^T -> [T, M], y [T, E] = p v, and their gradients' products: what they have in common.
Gemm scores_product(const Attention& s, Index T) {
  return {.m = T, .n = s.M, .k = s.D, .transpose_b = true};
}
Gemm values_product(const Attention& s, Index T) { return {.m = T, .n = s.E, .k = s.M}; }

/// p[T, M] = softmax(scale q k^T) for T queries.
void probabilities(const Attention& s, Index T, const Real* q, const RightOperand& keys, Real* p) {
  multiply(scores_product(s, T), q, keys, p);
  softmax_rows(p, T, s.M, static_cast<Real>(s.scale), p);
}

/// y for the queries [first, last) of one batch element; `kept`: where its probabilities go, if
/// anywhere.
void attention_rows(const Attention& s, Index first, Index last, const Real* q, const Real* k,
                    const Real* v, Real* y, Real* kept) {
  const Index most = smaller(query_rows, last - first);
  const RightOperand keys(scores_product(s, most), k), values(values_product(s, most), v);
  const Scratch passing(kept == nullptr ? most * s.M : 0);
  for (Index t = first; t < last; t += query_rows) {
    const Index T = smaller(query_rows, last - t);
    Real* const p = kept == nullptr ? passing.data() : kept + t * s.M;
    if (s.M > 0) probabilities(s, T, q + t * s.D, keys, p);
    multiply(values_product(s, T), p, values, y + t * s.E);
  }
}

/// ds = scale p (dp - sum(p dp)): through the softmax and the scale, in place in dp[T, M].
void scores_grad(const Attention& s, Index T, const Real* p, Real* dp) {
  const Real scale = static_cast<Real>(s.scale);
  for (Index t = 0; t < T; ++t, p += s.M, dp += s.M) {
    const Real mean = sum_lanes<Real>(s.M, [=](Index i) { return p[i] * dp[i]; });
    for (Index i = 0; i < s.M; ++i) dp[i] = scale * (p[i] * (dp[i] - mean));
  }
}

/// One batch element of the gradient. dk and dv are sums over the queries, which go on from block
/// to block of them.
void attention_grad_one(const Attention& s, const Real* q, const Real* k, const Real* v,
                        const Real* kept, const Real* dy, Real* dq, Real* dk, Real* dv) {
  const Index most = smaller(query_rows, s.T);
  const Gemm to_scores{.m = most, .n = s.M, .k = s.E, .transpose_b = true};
  const Gemm to_queries{.m = most, .n = s.D, .k = s.M};
  const RightOperand values(to_scores, v), back(to_queries, k);
  std::optional<RightOperand> keys;
  if (kept == nullptr) keys.emplace(scores_product(s, most), k);
  const Scratch again(kept == nullptr ? most * s.M : 0), ds(most * s.M);
  Index first = 0;
  do {  // once at least: without queries dk and dv are 0
    const Index T = smaller(query_rows, s.T - first);
    const Real* const q_t = q + first * s.D;
    const Real* const dy_t = dy + first * s.E;
    Gemm to_values{.m = s.M, .n = s.E, .k = T, .transpose_a = true, .accumulate = first > 0};
    Gemm to_keys{.m = s.M, .n = s.D, .k = T, .transpose_a = true, .accumulate = first > 0};
    Gemm of_scores = to_scores, of_queries = to_queries;
    of_scores.m = of_queries.m = T;
    if (s.M > 0 && kept == nullptr) probabilities(s, T, q_t, *keys, again.data());
    const Real* const p = kept == nullptr ? again.data() : kept + first * s.M;
    multiply(to_values, p, dy_t, dv);              // dv += p^T dy
    multiply(of_scores, dy_t, values, ds.data());  // dp = dy v^T
    scores_grad(s, T, p, ds.data());
    multiply(of_queries, ds.data(), back, dq + first * s.D);  // dq = ds k
    multiply(to_keys, ds.data(), q_t, dk);                    // dk += ds^T q
    first += query_rows;
  } while (first < s.T);
}

}  // namespace

void attention(Attention s, const Real* q, const Real* k, const Real* v, Real* y, Real* p) {
  const Index rows = s.B < many_elements ? query_rows : s.T;
  const Index cuts = rows == 0 ? 0 : (s.T + rows - 1) / rows;
  parallel_for(s.B * cuts, [&](Index i) {
    const Index b = i / cuts, first = i % cuts * rows;
    attention_rows(s, first, smaller(first + rows, s.T), q + b * s.T * s.D, k + b * s.M * s.D,
                   v + b * s.M * s.E, y + b * s.T * s.E,
                   p == nullptr ? nullptr : p + b * s.T * s.M);
  });
}

void attention_grad(Attention s, const Real* q, const Real* k, const Real* v, const Real* p,
                    const Real* dy, Real* dq, Real* dk, Real* dv) {
  parallel_for(s.B, [&](Index b) {
    const Index queries = b * s.T;
    const Index keys = b * s.M;
    attention_grad_one(s, q + queries * s.D, k + keys * s.D, v + keys * s.E,
                       p == nullptr ? nullptr : p + queries * s.M, dy + queries * s.E,
                       dq + queries * s.D, dk + keys * s.D, dv + keys * s.E);
  });
}

}  // namespace ito::kernels::ITO_LEVEL
