#include "nn/blocks/pyramid.h"

#include "engine/ops.h"

namespace ito::nn {

CombineBlock::CombineBlock(Index in, Index out, Combine method) : method_(method), conv_(in, out) {
  add_child("conv", conv_);
}

Tensor CombineBlock::forward(const Tensor& image, const Tensor& h) const {
  const Tensor seen = conv_.forward(image);
  return method_ == Combine::sum ? seen + h : concat({seen, h}, 3);
}

InputPyramid::InputPyramid(Pyramid kind, Combine combine, Index pyramid, Index channels,
                           const BlockOptions& options)
    : options_(options) {
  if (kind == Pyramid::skip) {
    combine_ = std::make_unique<CombineBlock>(pyramid, channels, combine);
    add_child("combine", *combine_);
  } else {
    downsample_ =
        std::make_unique<Downsample>(pyramid, channels, ResampleOptions{.fir = options.fir});
    add_child("downsample", *downsample_);
  }
}

Tensor InputPyramid::forward(const Tensor& h, Tensor& pyramid) const {
  if (combine_) {
    pyramid = halved(pyramid, options_.fir);
    return combine_->forward(pyramid, h);
  }
  pyramid = joined(downsample_->forward(pyramid), h, options_.skip_rescale);
  return pyramid;
}

OutputPyramid::OutputPyramid(Pyramid kind, Index pyramid, Index channels, Index image,
                             const BlockOptions& options)
    : options_(options) {
  if (kind == Pyramid::residual && pyramid > 0) {
    upsample_ = std::make_unique<Upsample>(pyramid, channels, ResampleOptions{.fir = options.fir});
    add_child("upsample", *upsample_);
    return;
  }
  const bool images = kind == Pyramid::skip;
  norm_ = std::make_unique<GroupNorm>(channels, options.groups);
  conv_ = std::make_unique<Conv2d>(channels, images ? image : channels,
                                   Conv2d::Options{.init_scale = images ? 0.0 : 1.0});
  add_child("norm", *norm_);
  add_child("conv", *conv_);
}

Tensor OutputPyramid::made_of(const Tensor& h) const {
  return conv_->forward(norm_->forward(h, options_.activation));
}

Tensor OutputPyramid::forward(const Tensor& h, Tensor& pyramid) const {
  if (upsample_) {
    pyramid = joined(upsample_->forward(pyramid), h, options_.skip_rescale);
    return pyramid;
  }
  const Tensor image = made_of(h);
  pyramid = pyramid.defined() ? doubled(pyramid, options_.fir) + image : image;
  return h;
}

Pyramid pyramid_named(const std::string& name) {
  if (name == "none") return Pyramid::none;
  if (name == "skip") return Pyramid::skip;
  if (name == "residual") return Pyramid::residual;
  fail("pyramid", "expected none, skip or residual, got \"", name, "\"");
}

std::string name_of(Pyramid kind) {
  if (kind == Pyramid::none) return "none";
  return kind == Pyramid::skip ? "skip" : "residual";
}

Combine combine_named(const std::string& name) {
  if (name == "sum") return Combine::sum;
  if (name == "cat") return Combine::cat;
  fail("combine", "expected sum or cat, got \"", name, "\"");
}

std::string name_of(Combine combine) { return combine == Combine::sum ? "sum" : "cat"; }

}  // namespace ito::nn
