#include "nn/blocks/wide_residual.h"

#include "engine/ops.h"

namespace ito::nn {

namespace {

/// A 3x3 convolution to the same size or half of it; an odd size is rounded up.
Conv2d::Options conv_options(bool halve) {
  return {.geometry = {.stride = halve ? 2 : 1, .pad_before = halve ? 0 : 1, .pad_after = 1}};
}

}  // namespace

WideBlock::WideBlock(Index in, Index out, const Options& options)
    : options_(options),
      widening_(out - in),
      norm_0_(in, options.groups),
      conv_0_(in, out, conv_options(options.halve)),
      time_(options.embedding, out),
      norm_1_(out, options.groups),
      conv_1_(out, out) {
  if (out < in) fail("wide_block", "expected at least ", in, " channels, got ", out);
  add_child("norm_0", norm_0_);
  add_child("conv_0", conv_0_);
  add_child("time", time_);
  add_child("norm_1", norm_1_);
  add_child("conv_1", conv_1_);
}

Tensor WideBlock::shortcut(const Tensor& x) const {
  const Tensor y = options_.halve ? downsample_mean(x, 2) : x;
  return widening_ == 0 ? y : pad(y, {{0, 0}, {0, 0}, {0, 0}, {0, widening_}});
}

Tensor WideBlock::forward(const Tensor& x, const Tensor& temb) const {
  const Tensor active = relu(norm_0_.forward(x));
  const Tensor t = time_.forward(silu(temb));
  Tensor h = conv_0_.forward(active) + reshape(t, {t.size(0), 1, 1, t.size(1)});
  h = conv_1_.forward(relu(norm_1_.forward(h)));
  return shortcut(options_.activated_shortcut ? active : x) + h;
}

}  // namespace ito::nn
