#include "nn/blocks/residual.h"

#include "engine/ops.h"

namespace ito::nn {

ResidualBlock::ResidualBlock(Index in, Index out, const BlockOptions& options,
                             std::uint32_t dropout_ordinal)
    : activation_(options.activation),
      norm_0_(in, options.groups),
      conv_0_(in, out),
      time_(options.embedding, out),
      norm_1_(out, options.groups),
      dropout_(options.dropout, dropout_ordinal),
      conv_1_(out, out, {.init_scale = 0}) {
  add_child("norm_0", norm_0_);
  add_child("conv_0", conv_0_);
  add_child("time", time_);
  add_child("norm_1", norm_1_);
  add_child("conv_1", conv_1_);
  if (in != out) {
    shortcut_ = std::make_unique<Linear>(in, out, pointwise_init_scale);
    add_child("shortcut", *shortcut_);
  }
}

Tensor ResidualBlock::forward(const Tensor& x, const Tensor& temb,
                              const RandomStream* dropout) const {
  const Tensor t = time_.forward(activate(activation_, temb));  // [N, out]
  Tensor h = conv_0_.forward_shifted(norm_0_.forward(x, activation_), t);
  h = dropout_.forward(norm_1_.forward(h, activation_), dropout);
  return conv_1_.forward(h, shortcut_ ? shortcut_->forward(x) : x);
}

}  // namespace ito::nn
