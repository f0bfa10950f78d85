#include "nn/blocks/unet_level.h"

#include "engine/ops.h"

namespace ito::nn {

namespace {

Tensor pop(Skips& skips) {
  Tensor last = std::move(skips.back());
  skips.pop_back();
  return last;
}

std::unique_ptr<ResidualBlock> resizing_block(Index channels, const BlockOptions& block,
                                              DropoutCounter& dropouts, Resize resize) {
  return std::make_unique<ResidualBlock>(channels, channels, block, dropouts++,
                                         ResidualShape{.resize = resize});
}

}  // namespace

DownLevel::DownLevel(Index in, Index out, const LevelOptions& level, const BlockOptions& block,
                     DropoutCounter& dropouts) {
  for (Index i = 0; i < level.blocks; ++i) {
    blocks_.push_back(std::make_unique<ResidualBlock>(i == 0 ? in : out, out, block, dropouts++));
    add_child(text("block.", i), *blocks_.back());
    skip_channels_.push_back(out);
    if (!level.attention) continue;
    attentions_.push_back(std::make_unique<AttentionBlock>(out, block.groups, block.skip_rescale));
    add_child(text("attention.", i), *attentions_.back());
  }
  if (!level.resample) return;
  if (block.kind == BlockKind::biggan) {
    halving_block_ = resizing_block(out, block, dropouts, Resize::down);
    add_child("downsample", *halving_block_);
  } else {
    downsample_ =
        std::make_unique<Downsample>(out, out, ResampleOptions{level.with_conv, block.fir});
    add_child("downsample", *downsample_);
  }
  const bool widened = level.pyramid == Pyramid::skip && level.combine == Combine::cat;
  skip_channels_.push_back(widened ? 2 * out : out);
  if (level.pyramid == Pyramid::none) return;
  pyramid_ = std::make_unique<InputPyramid>(level.pyramid, level.combine, level.pyramid_channels,
                                            out, block);
  add_child("pyramid", *pyramid_);
}

Tensor DownLevel::halve(const Tensor& h, const Tensor& temb, const RandomStream* dropout) const {
  return downsample_ ? downsample_->forward(h) : halving_block_->forward(h, temb, dropout);
}

Tensor DownLevel::forward(Tensor h, const Tensor& temb, const RandomStream* dropout, Skips& skips,
                          Tensor& pyramid) const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    h = blocks_[i]->forward(h, temb, dropout);
    if (!attentions_.empty()) h = attentions_[i]->forward(h);
    skips.push_back(h);
  }
  if (!downsample_ && !halving_block_) return h;
  h = halve(h, temb, dropout);
  if (pyramid_) h = pyramid_->forward(h, pyramid);
  skips.push_back(h);
  return h;
}

MiddleLevel::MiddleLevel(Index channels, const BlockOptions& block, DropoutCounter& dropouts)
    : block_0_(channels, channels, block, dropouts),
      attention_(channels, block.groups, block.skip_rescale),
      block_1_(channels, channels, block, dropouts + 1) {
  dropouts += 2;
  add_child("block_0", block_0_);
  add_child("attention", attention_);
  add_child("block_1", block_1_);
}

Tensor MiddleLevel::forward(const Tensor& x, const Tensor& temb,
                            const RandomStream* dropout) const {
  const Tensor h = attention_.forward(block_0_.forward(x, temb, dropout));
  return block_1_.forward(h, temb, dropout);
}

UpLevel::UpLevel(Index in, const std::vector<Index>& skips, Index out, const LevelOptions& level,
                 const BlockOptions& block, DropoutCounter& dropouts) {
  Index channels = in;
  for (const Index skip : skips) {
    const std::size_t i = blocks_.size();
    blocks_.push_back(std::make_unique<ResidualBlock>(channels + skip, out, block, dropouts++));
    add_child(text("block.", i), *blocks_.back());
    channels = out;
    const bool last = blocks_.size() == skips.size();
    if (!level.attention || !(level.attention_each_up || last)) continue;
    attentions_.push_back(std::make_unique<AttentionBlock>(out, block.groups, block.skip_rescale));
    add_child(level.attention_each_up ? text("attention.", i) : "attention", *attentions_.back());
  }
  if (level.pyramid != Pyramid::none) {
    pyramid_ = std::make_unique<OutputPyramid>(level.pyramid, level.pyramid_channels, out,
                                               level.image_channels, block);
    add_child("pyramid", *pyramid_);
  }
  if (!level.resample) return;
  if (block.kind == BlockKind::biggan) {
    doubling_block_ = resizing_block(out, block, dropouts, Resize::up);
    add_child("upsample", *doubling_block_);
  } else {
    upsample_ = std::make_unique<Upsample>(out, out, ResampleOptions{level.with_conv, block.fir});
    add_child("upsample", *upsample_);
  }
}

Tensor UpLevel::forward(Tensor h, const Tensor& temb, const RandomStream* dropout, Skips& skips,
                        Tensor& pyramid) const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    h = blocks_[i]->forward({h, pop(skips)}, temb, dropout);
    // One for each block, or one alone after the last.
    const std::size_t first = blocks_.size() - attentions_.size();
    if (i >= first) h = attentions_[i - first]->forward(h);
  }
  if (pyramid_) h = pyramid_->forward(h, pyramid);
  if (upsample_) return upsample_->forward(h);
  return doubling_block_ ? doubling_block_->forward(h, temb, dropout) : h;
}

}  // namespace ito::nn
