#include "nn/blocks/unet_level.h"

#include "engine/ops.h"

namespace ito::nn {

namespace {

Tensor pop(Skips& skips) {
  Tensor last = std::move(skips.back());
  skips.pop_back();
  return last;
}

}  // namespace

DownLevel::DownLevel(Index in, Index out, const LevelOptions& level, const BlockOptions& block,
                     std::uint32_t first_dropout) {
  for (Index i = 0; i < level.blocks; ++i) {
    const auto ordinal = first_dropout + static_cast<std::uint32_t>(i);
    blocks_.push_back(std::make_unique<ResidualBlock>(i == 0 ? in : out, out, block, ordinal));
    add_child(text("block.", i), *blocks_.back());
    if (!level.attention) continue;
    attentions_.push_back(std::make_unique<AttentionBlock>(out, block.groups));
    add_child(text("attention.", i), *attentions_.back());
  }
  if (!level.resample) return;
  downsample_ = std::make_unique<Downsample>(out, level.with_conv);
  add_child("downsample", *downsample_);
}

Tensor DownLevel::forward(Tensor h, const Tensor& temb, const RandomStream* dropout,
                          Skips& skips) const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    h = blocks_[i]->forward(h, temb, dropout);
    if (!attentions_.empty()) h = attentions_[i]->forward(h);
    skips.push_back(h);
  }
  if (!downsample_) return h;
  h = downsample_->forward(h);
  skips.push_back(h);
  return h;
}

MiddleLevel::MiddleLevel(Index channels, const BlockOptions& block, std::uint32_t first_dropout)
    : block_0_(channels, channels, block, first_dropout),
      attention_(channels, block.groups),
      block_1_(channels, channels, block, first_dropout + 1) {
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
                 const BlockOptions& block, std::uint32_t first_dropout) {
  Index channels = in;
  for (const Index skip : skips) {
    const auto i = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back(
        std::make_unique<ResidualBlock>(channels + skip, out, block, first_dropout + i));
    add_child(text("block.", i), *blocks_.back());
    channels = out;
  }
  if (level.attention) {
    attention_ = std::make_unique<AttentionBlock>(out, block.groups);
    add_child("attention", *attention_);
  }
  if (!level.resample) return;
  upsample_ = std::make_unique<Upsample>(out, level.with_conv);
  add_child("upsample", *upsample_);
}

Tensor UpLevel::forward(Tensor h, const Tensor& temb, const RandomStream* dropout,
                        Skips& skips) const {
  for (const auto& block : blocks_) {
    h = block->forward(concat({h, pop(skips)}, 3), temb, dropout);
  }
  if (attention_) h = attention_->forward(h);
  if (upsample_) h = upsample_->forward(h);
  return h;
}

}  // namespace ito::nn
