#include "nn/blocks/resample.h"

#include "engine/ops.h"
#include "nn/layers/fir.h"

namespace ito::nn {

namespace {

void check_channels(Index in, Index out, const ResampleOptions& options) {
  if (options.with_conv || in == out) return;
  fail("resample", "only a convolution changes the number of channels, ", in, " to ", out);
}

}  // namespace

Tensor halved(const Tensor& x, const std::vector<double>& fir) {
  return fir.empty() ? downsample_mean(x, 2) : fir_downsample(x, {.taps = fir});
}

Tensor doubled(const Tensor& x, const std::vector<double>& fir) {
  return fir.empty() ? upsample_nearest(x, 2) : fir_upsample(x, {.taps = fir});
}

Downsample::Downsample(Index in, Index out, const ResampleOptions& options) : fir_(options.fir) {
  check_channels(in, out, options);
  if (!options.with_conv) return;
  const Conv2dOptions halving = {.stride = 2, .pad_before = 0, .pad_after = 1};
  conv_ = std::make_unique<Conv2d>(in, out, Conv2d::Options{.geometry = halving});
  add_child("conv", *conv_);
}

Tensor Downsample::forward(const Tensor& x) const {
  if (!conv_) return halved(x, fir_);
  if (fir_.empty()) return conv_->forward(x);
  return fir_conv_downsample(x, conv_->weight(), {.taps = fir_}) + conv_->bias();
}

Upsample::Upsample(Index in, Index out, const ResampleOptions& options) : fir_(options.fir) {
  check_channels(in, out, options);
  if (!options.with_conv) return;
  conv_ = std::make_unique<Conv2d>(in, out);
  add_child("conv", *conv_);
}

Tensor Upsample::forward(const Tensor& x) const {
  if (!conv_) return doubled(x, fir_);
  if (fir_.empty()) return conv_->forward(doubled(x, fir_));
  return fir_upsample_conv(x, conv_->weight(), {.taps = fir_}) + conv_->bias();
}

}  // namespace ito::nn
