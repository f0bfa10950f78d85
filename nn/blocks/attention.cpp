#include "nn/blocks/attention.h"

#include "engine/ops.h"
#include "nn/blocks/block_options.h"
#include "nn/recompute.h"

namespace ito::nn {

AttentionBlock::AttentionBlock(Index channels, const Groups& groups, bool skip_rescale)
    : skip_rescale_(skip_rescale),
      norm_(channels, groups),
      query_(channels, channels, pointwise_init_scale),
      key_(channels, channels, pointwise_init_scale),
      value_(channels, channels, pointwise_init_scale),
      out_(channels, channels, 0) {
  add_child("norm", norm_);
  add_child("query", query_);
  add_child("key", key_);
  add_child("value", value_);
  add_child("out", out_);
}

Tensor AttentionBlock::forward(const Tensor& x) const {
  return recomputable(*this, {x}, [this](const std::vector<Tensor>& in) { return compute(in[0]); });
}

Tensor AttentionBlock::compute(const Tensor& x) const {
  const Shape pixels = {x.size(0), x.size(1) * x.size(2), x.size(3)};
  const Tensor h = reshape(norm_.forward(x), pixels);  // [N, T, C]
  const Tensor mixed = attention(query_.forward(h), key_.forward(h), value_.forward(h));
  const double scale = join_scale(skip_rescale_);
  return reshape(out_.forward_joined(mixed, reshape(x, pixels), scale), x.shape());
}

}  // namespace ito::nn
