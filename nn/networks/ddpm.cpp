#include "nn/networks/ddpm.h"

#include "engine/ops.h"
#include "nn/layers/sigma_scale.h"

namespace ito::nn {

namespace {

const DdpmConfig& checked(const DdpmConfig& config) {
  check(config);
  return config;
}

TimeEmbedding::Options time_options(const DdpmConfig& config) {
  return {.kind = TimeEmbedding::Kind::positional,
          .dim = config.width,
          .out = 4 * config.width,
          .activation = config.activation};
}

}  // namespace

Ddpm::Ddpm(const DdpmConfig& config)
    : config_(checked(config)),
      time_(time_options(config)),
      first_(config.channels, config.width),
      last_norm_(config.level_width(0), config.groups),
      last_conv_(config.level_width(0), config.channels, {.init_scale = 0}) {
  const BlockOptions block = {.embedding = 4 * config.width,
                              .activation = config.activation,
                              .groups = config.groups,
                              .dropout = config.dropout};
  std::vector<Index> skips = {config.width};
  DropoutCounter dropouts = 0;
  add_child("time", time_);
  add_child("first", first_);
  build_down(block, skips, dropouts);
  middle_ = std::make_unique<MiddleLevel>(skips.back(), block, dropouts);
  add_child("middle", *middle_);
  build_up(block, skips, dropouts);
  add_child("last_norm", last_norm_);
  add_child("last_conv", last_conv_);
  if (config.told.classes > 0) {
    class_ = std::make_unique<ClassEmbedding>(config.told, 4 * config.width, dropouts++);
    add_child("class", *class_);
  }
  if (config.scale_by_sigma) {
    sigmas_ = descending_sigmas(config.sigma_min, config.sigma_max, config.num_scales);
  }
}

LevelOptions Ddpm::level_options(Index level) const {
  return {.blocks = config_.blocks,
          .attention = config_.has_attention(level),
          .attention_each_up = config_.attention_each_up,
          .with_conv = config_.resample_with_conv};
}

/// Appends the channels of the skips that each level leaves.
void Ddpm::build_down(const BlockOptions& block, std::vector<Index>& skips,
                      DropoutCounter& dropouts) {
  for (Index i = 0; i < config_.levels(); ++i) {
    LevelOptions level = level_options(i);
    level.resample = i + 1 < config_.levels();
    const Index out = config_.level_width(i);
    down_.push_back(std::make_unique<DownLevel>(skips.back(), out, level, block, dropouts));
    add_child(text("down.", i), *down_.back());
    const std::vector<Index>& left = down_.back()->skip_channels();
    skips.insert(skips.end(), left.begin(), left.end());
  }
}

/// Takes them back, from the innermost on.
void Ddpm::build_up(const BlockOptions& block, std::vector<Index> skips, DropoutCounter& dropouts) {
  Index channels = skips.back();
  for (Index i = config_.levels() - 1; i >= 0; --i) {
    LevelOptions level = level_options(i);
    level.resample = i > 0;
    const auto taken = skips.end() - (level.blocks + 1);
    const std::vector<Index> popped(skips.rbegin(), std::make_reverse_iterator(taken));
    skips.erase(taken, skips.end());
    const Index out = config_.level_width(i);
    up_.push_back(std::make_unique<UpLevel>(channels, popped, out, level, block, dropouts));
    add_child(text("up.", i), *up_.back());
    channels = out;
  }
}

void Ddpm::check_input(const Tensor& x, const std::vector<double>& labels) const {
  const Index size = config_.image_size;
  if (x.rank() != 4 || x.size(1) != size || x.size(2) != size || x.size(3) != config_.channels) {
    fail("ddpm", "expected images [N, ", size, ", ", size, ", ", config_.channels, "], got ",
         x.shape());
  }
  if (static_cast<Index>(labels.size()) != x.size(0)) {
    fail("ddpm", "expected one label per image, ", x.size(0), ", got ", labels.size());
  }
}

Tensor Ddpm::forward(const Tensor& x, const std::vector<double>& labels,
                     const RandomStream* dropout) const {
  check_input(x, labels);
  return unet(x, labels, time_.forward(labels), dropout);
}

Tensor Ddpm::forward_told(const Tensor& x, const std::vector<double>& labels, const Tensor& weights,
                          const RandomStream* dropout) const {
  if (!class_) return ScoreNetwork::forward_told(x, labels, weights, dropout);
  check_input(x, labels);
  const Tensor of_class = class_->forward(weights, x.size(0), dropout);
  return unet(x, labels, time_.forward(labels) + of_class, dropout);
}

/// temb [N, 4 width]: what is known of the time and of the class.
Tensor Ddpm::unet(const Tensor& x, const std::vector<double>& labels, const Tensor& temb,
                  const RandomStream* dropout) const {
  Tensor h = first_.forward(config_.scale_input ? affine(x, 2, -1) : x);
  Skips skips = {h};
  Tensor none;  // there are no pyramids
  for (const auto& level : down_) h = level->forward(h, temb, dropout, skips, none);
  h = middle_->forward(h, temb, dropout);
  for (const auto& level : up_) h = level->forward(h, temb, dropout, skips, none);
  h = last_conv_.forward(last_norm_.forward(h, config_.activation));
  return config_.scale_by_sigma ? divide_by_sigma(h, labels, sigmas_) : h;
}

}  // namespace ito::nn
