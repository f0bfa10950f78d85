#pragma once
// Self-attention between the pixels of an image (Ho et al. 2020).

#include "nn/layers/group_norm.h"
#include "nn/layers/linear.h"

namespace ito::nn {

/// h = norm(x); x + out(softmax(q k^T / sqrt(C)) v) with q, k, v linear in h at each pixel, one
/// head; with skip_rescale the sum is divided by sqrt 2. `out` starts at zero: a new block is (but
/// for that) the identity.
class AttentionBlock : public Module {
 public:
  AttentionBlock(Index channels, const Groups& groups, bool skip_rescale = false);

  /// x [N, H, W, C] -> like x. Inside a RecomputeScope only x is kept.
  Tensor forward(const Tensor& x) const;

 private:
  Tensor compute(const Tensor& x) const;

  bool skip_rescale_;
  GroupNorm norm_;
  Linear query_, key_, value_, out_;
};

}  // namespace ito::nn
