#pragma once
// Derivatives of a score in x, for the objectives that train through them.

#include "diffusion/sde/sde.h"

namespace ito {

/// A score s = s(x, t) that remembers how it came from x. Where the caller records gradients, what
/// `along` gives can be differentiated again, with respect to the score's parameters.
class ScoreJacobian {
 public:
  /// x [N, ...].
  ScoreJacobian(const Score& score, const Tensor& x, const Times& t);

  const Tensor& value() const { return s_; }  ///< like x
  /// v^T (ds/dx) v of each sample, [N], by one vector-Jacobian product; v like x.
  Tensor along(const Tensor& v) const;
  /// tr(ds/dx) of each sample, [N], by D of them.
  Tensor trace() const;

 private:
  bool differentiable_;
  Tensor x_, s_;
};

/// a^T b of each sample: [N, ...] twice -> [N].
Tensor dot_per_sample(const Tensor& a, const Tensor& b);

}  // namespace ito
