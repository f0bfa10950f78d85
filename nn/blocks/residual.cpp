#include "nn/blocks/residual.h"

#include <optional>

#include "engine/ops.h"
#include "nn/blocks/resample.h"
#include "nn/recompute.h"

namespace ito::nn {

ResidualBlock::ResidualBlock(Index in, Index out, const BlockOptions& options,
                             std::uint32_t dropout_ordinal, const ResidualShape& shape)
    : options_(options),
      resize_(shape.resize),
      norm_0_(in, options.groups),
      conv_0_(in, out),
      norm_1_(out, options.groups),
      dropout_(options.dropout, dropout_ordinal),
      conv_1_(out, out, {.init_scale = 0}) {
  add_child("norm_0", norm_0_);
  add_child("conv_0", conv_0_);
  if (options.embedding > 0) {
    time_ = std::make_unique<Linear>(options.embedding, out);
    add_child("time", *time_);
  }
  add_child("norm_1", norm_1_);
  add_child("conv_1", conv_1_);
  if (in == out && shape.resize == Resize::keep) return;
  if (shape.wide_shortcut) {
    wide_shortcut_ = std::make_unique<Conv2d>(in, out);
    add_child("shortcut", *wide_shortcut_);
  } else {
    const double init_scale = options.kind == BlockKind::ddpm ? pointwise_init_scale : 1;
    shortcut_ = std::make_unique<Linear>(in, out, init_scale);
    add_child("shortcut", *shortcut_);
  }
}

Tensor ResidualBlock::resized(const Tensor& x) const {
  if (resize_ == Resize::keep) return x;
  return resize_ == Resize::down ? halved(x, options_.fir) : doubled(x, options_.fir);
}

Tensor ResidualBlock::shortcut(const Tensor& x) const {
  if (wide_shortcut_) return wide_shortcut_->forward(x);
  return shortcut_ ? shortcut_->forward(x) : x;
}

Tensor ResidualBlock::forward(const std::vector<Tensor>& x, const Tensor& temb,
                              const RandomStream* dropout) const {
  std::vector<Tensor> inputs = x;
  inputs.push_back(temb);
  const auto stream = dropout == nullptr ? std::optional<RandomStream>() : *dropout;
  return recomputable(*this, inputs, [this, stream](const std::vector<Tensor>& in) {
    const std::vector<Tensor> parts(in.begin(), in.end() - 1);
    return compute(parts.size() == 1 ? parts[0] : concat(parts, 3), in.back(),
                   stream ? &*stream : nullptr);
  });
}

Tensor ResidualBlock::compute(const Tensor& x, const Tensor& temb,
                              const RandomStream* dropout) const {
  const Activation act = options_.activation;
  Tensor h = resized(norm_0_.forward(x, act));
  h = time_ ? conv_0_.forward_shifted(h, time_->forward(activate(act, temb))) : conv_0_.forward(h);
  h = dropout_.forward(norm_1_.forward(h, act), dropout);
  return conv_1_.forward_joined(h, shortcut(resized(x)), join_scale(options_.skip_rescale));
}

}  // namespace ito::nn
