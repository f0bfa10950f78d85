#include "nn/blocks/ncsn_residual.h"

#include "engine/ops.h"
#include "nn/recompute.h"

namespace ito::nn {

Conv2d::Options ncsn_conv(Index kernel, Index dilation, bool bias) {
  const Index pad = kernel / 2 * dilation;
  return {.kernel = kernel,
          .geometry = {.pad_before = pad, .pad_after = pad, .dilation = dilation},
          .bias = bias,
          .start_by_fan_in = true};
}

ConvMeanPool::ConvMeanPool(Index in, Index out, Index kernel) : conv_(in, out, ncsn_conv(kernel)) {
  add_child("conv", conv_);
}

Tensor ConvMeanPool::forward(const Tensor& x) const { return downsample_mean(conv_.forward(x), 2); }

NcsnResidualBlock::NcsnResidualBlock(Index in, Index out, const NcsnBlockOptions& options)
    : options_(options),
      norm_1_(in, options.norm),
      norm_2_(options.down ? in : out, options.norm),
      conv_1_(in, options.down ? in : out, ncsn_conv(3, options.dilation)) {
  add_child("norm_1", norm_1_);
  add_child("conv_1", conv_1_);
  add_child("norm_2", norm_2_);
  if (options.halves()) {
    halving_conv_2_ = std::make_unique<ConvMeanPool>(in, out, 3);
    add_child("conv_2", *halving_conv_2_);
  } else {
    conv_2_ =
        std::make_unique<Conv2d>(options.down ? in : out, out, ncsn_conv(3, options.dilation));
    add_child("conv_2", *conv_2_);
  }
  build_shortcut(in, out);
}

void NcsnResidualBlock::build_shortcut(Index in, Index out) {
  if (in == out && !options_.down) return;
  if (options_.halves()) {
    halving_shortcut_ = std::make_unique<ConvMeanPool>(in, out, 1);
    add_child("shortcut", *halving_shortcut_);
    return;
  }
  const Index kernel = options_.dilation > 1 ? 3 : 1;
  shortcut_ = std::make_unique<Conv2d>(in, out, ncsn_conv(kernel, options_.dilation));
  add_child("shortcut", *shortcut_);
}

Tensor NcsnResidualBlock::shortcut(const Tensor& x) const {
  if (halving_shortcut_) return halving_shortcut_->forward(x);
  return shortcut_ ? shortcut_->forward(x) : x;
}

Tensor NcsnResidualBlock::forward(const Tensor& x, const std::vector<Index>& classes) const {
  return recomputable(*this, {x}, [this, classes](const std::vector<Tensor>& in) {
    return compute(in[0], classes);
  });
}

Tensor NcsnResidualBlock::compute(const Tensor& x, const std::vector<Index>& classes) const {
  Tensor h = conv_1_.forward(activate(options_.activation, norm_1_.forward(x, classes)));
  h = activate(options_.activation, norm_2_.forward(h, classes));
  h = conv_2_ ? conv_2_->forward(h) : halving_conv_2_->forward(h);
  return shortcut(x) + h;
}

}  // namespace ito::nn
