#include "nn/blocks/resample.h"

#include "engine/ops.h"

namespace ito::nn {

Downsample::Downsample(Index channels, bool with_conv) {
  if (!with_conv) return;
  const Conv2dOptions halving = {.stride = 2, .pad_before = 0, .pad_after = 1};
  conv_ = std::make_unique<Conv2d>(channels, channels, Conv2d::Options{.geometry = halving});
  add_child("conv", *conv_);
}

Tensor Downsample::forward(const Tensor& x) const {
  return conv_ ? conv_->forward(x) : downsample_mean(x, 2);
}

Upsample::Upsample(Index channels, bool with_conv) {
  if (!with_conv) return;
  conv_ = std::make_unique<Conv2d>(channels, channels);
  add_child("conv", *conv_);
}

Tensor Upsample::forward(const Tensor& x) const {
  const Tensor h = upsample_nearest(x, 2);
  return conv_ ? conv_->forward(h) : h;
}

}  // namespace ito::nn
