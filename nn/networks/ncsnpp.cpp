#include "nn/networks/ncsnpp.h"

#include "engine/ops.h"
#include "nn/layers/sigma_scale.h"

namespace ito::nn {

namespace {

const NcsnppConfig& checked(const NcsnppConfig& config) {
  check(config);
  return config;
}

TimeEmbedding::Options time_options(const NcsnppConfig& config) {
  return {.kind = config.embedding,
          .dim = config.width,
          .out = 4 * config.width,
          .fourier_scale = config.fourier_scale,
          .activation = config.activation};
}

BlockOptions block_options(const NcsnppConfig& config) {
  return {.embedding = config.conditional ? 4 * config.width : 0,
          .activation = config.activation,
          .groups = config.groups,
          .dropout = config.dropout,
          .kind = config.block,
          .fir = config.fir,
          .skip_rescale = config.skip_rescale};
}

}  // namespace

Ncsnpp::Ncsnpp(const NcsnppConfig& config)
    : config_(checked(config)), first_(config.channels, config.width) {
  const BlockOptions block = block_options(config);
  std::vector<Index> skips = {config.width};
  DropoutCounter dropouts = 0;
  if (config.conditional) {
    time_ = std::make_unique<TimeEmbedding>(time_options(config));
    add_child("time", *time_);
  }
  add_child("first", first_);
  build_down(block, skips, dropouts);
  middle_ = std::make_unique<MiddleLevel>(skips.back(), block, dropouts);
  add_child("middle", *middle_);
  build_up(block, skips, dropouts);
  build_last(block);
  if (config.told.classes > 0) {
    class_ = std::make_unique<ClassEmbedding>(config.told, 4 * config.width, dropouts++);
    add_child("class", *class_);
  }
  if (config.has_sigma_table()) {
    sigmas_ = descending_sigmas(config.sigma_min, config.sigma_max, config.num_scales);
  }
}

/// Appends the channels of the skips that each level leaves.
void Ncsnpp::build_down(const BlockOptions& block, std::vector<Index>& skips,
                        DropoutCounter& dropouts) {
  const bool features = config_.progressive_input == Pyramid::residual;
  Index pyramid = config_.channels;
  for (Index i = 0; i < config_.levels(); ++i) {
    const LevelOptions level = {.blocks = config_.blocks,
                                .attention = config_.has_attention(i),
                                .resample = i + 1 < config_.levels(),
                                .with_conv = config_.resample_with_conv,
                                .pyramid = config_.progressive_input,
                                .pyramid_channels = pyramid,
                                .combine = config_.combine};
    const Index out = config_.level_width(i);
    down_.push_back(std::make_unique<DownLevel>(skips.back(), out, level, block, dropouts));
    add_child(text("down.", i), *down_.back());
    const std::vector<Index>& left = down_.back()->skip_channels();
    skips.insert(skips.end(), left.begin(), left.end());
    if (features) pyramid = out;
  }
}

/// Takes them back, from the innermost on.
void Ncsnpp::build_up(const BlockOptions& block, std::vector<Index> skips,
                      DropoutCounter& dropouts) {
  const bool features = config_.progressive_output == Pyramid::residual;
  Index channels = skips.back(), pyramid = 0;
  for (Index i = config_.levels() - 1; i >= 0; --i) {
    const LevelOptions level = {.attention = config_.has_attention(i),
                                .resample = i > 0,
                                .with_conv = config_.resample_with_conv,
                                .pyramid = config_.progressive_output,
                                .pyramid_channels = pyramid,
                                .image_channels = config_.channels};
    const auto taken = skips.end() - (config_.blocks + 1);
    const std::vector<Index> popped(skips.rbegin(), std::make_reverse_iterator(taken));
    skips.erase(taken, skips.end());
    const Index out = config_.level_width(i);
    up_.push_back(std::make_unique<UpLevel>(channels, popped, out, level, block, dropouts));
    add_child(text("up.", i), *up_.back());
    channels = out;
    pyramid = features ? out : config_.channels;
  }
}

void Ncsnpp::build_last(const BlockOptions& block) {
  if (config_.progressive_output == Pyramid::skip) return;
  last_norm_ = std::make_unique<GroupNorm>(config_.level_width(0), block.groups);
  last_conv_ = std::make_unique<Conv2d>(config_.level_width(0), config_.channels,
                                        Conv2d::Options{.init_scale = 0});
  add_child("last_norm", *last_norm_);
  add_child("last_conv", *last_conv_);
}

void Ncsnpp::check_input(const Tensor& x, const std::vector<double>& labels) const {
  const Index size = config_.image_size;
  if (x.rank() != 4 || x.size(1) != size || x.size(2) != size || x.size(3) != config_.channels) {
    fail("ncsnpp", "expected images [N, ", size, ", ", size, ", ", config_.channels, "], got ",
         x.shape());
  }
  if (static_cast<Index>(labels.size()) != x.size(0)) {
    fail("ncsnpp", "expected one label per image, ", x.size(0), ", got ", labels.size());
  }
}

Tensor Ncsnpp::scaled(const Tensor& y, const std::vector<double>& labels) const {
  if (!config_.scale_by_sigma) return y;
  return sigmas_.empty() ? divide_by_sigma(y, labels) : divide_by_sigma(y, labels, sigmas_);
}

Tensor Ncsnpp::forward(const Tensor& x, const std::vector<double>& labels,
                       const RandomStream* dropout) const {
  check_input(x, labels);
  return unet(x, labels, time_ ? time_->forward(labels) : Tensor(), dropout);
}

Tensor Ncsnpp::forward_told(const Tensor& x, const std::vector<double>& labels,
                            const Tensor& weights, const RandomStream* dropout) const {
  if (!class_) return ScoreNetwork::forward_told(x, labels, weights, dropout);
  check_input(x, labels);
  const Tensor of_class = class_->forward(weights, x.size(0), dropout);
  return unet(x, labels, time_->forward(labels) + of_class, dropout);
}

/// temb [N, 4 width]: what is known of the time and of the class, if anything.
Tensor Ncsnpp::unet(const Tensor& x, const std::vector<double>& labels, const Tensor& temb,
                    const RandomStream* dropout) const {
  Tensor input = config_.scale_input ? affine(x, 2, -1) : x, output;  // the pyramids
  Tensor h = first_.forward(input);
  Skips skips = {h};
  for (const auto& level : down_) h = level->forward(h, temb, dropout, skips, input);
  h = middle_->forward(h, temb, dropout);
  for (const auto& level : up_) h = level->forward(h, temb, dropout, skips, output);
  if (last_conv_) output = last_conv_->forward(last_norm_->forward(h, config_.activation));
  return scaled(output, labels);
}

}  // namespace ito::nn
