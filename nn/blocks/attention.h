#pragma once
// Self-attention between the pixels of an image (Ho et al. 2020).

#include "nn/layers/group_norm.h"
#include "nn/layers/linear.h"

namespace ito::nn {

/// h = norm(x); x + out(softmax(q k^T / sqrt(C)) v) with q, k, v linear in h at each pixel, one
/// head. `out` starts at zero: a new block is the identity.
class AttentionBlock : public Module {
 public:
  AttentionBlock(Index channels, const Groups& groups);

  /// x [N, H, W, C] -> like x.
  Tensor forward(const Tensor& x) const;

 private:
  GroupNorm norm_;
  Linear query_, key_, value_, out_;
};

}  // namespace ito::nn
