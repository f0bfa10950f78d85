#include "nn/networks/ncsn.h"

#include <cmath>

#include "engine/ops.h"
#include "nn/layers/sigma_scale.h"

namespace ito::nn {

namespace {

const NcsnConfig& checked(const NcsnConfig& config) {
  check(config);
  return config;
}

InstanceNormOptions norm_options(const NcsnConfig& config) {
  return {.classes = config.conditional() ? config.num_scales : 0};
}

}  // namespace

NcsnBlockOptions first_block_options(const NcsnConfig& config, const NcsnStage& stage) {
  NcsnBlockOptions options = second_block_options(config, stage);
  options.down = stage.down;
  return options;
}

NcsnBlockOptions second_block_options(const NcsnConfig& config, const NcsnStage& stage) {
  return {
      .dilation = stage.dilation, .activation = config.activation, .norm = norm_options(config)};
}

RefineOptions refine_options(const NcsnConfig& config) {
  RefineOptions options = {.activation = config.activation};
  if (!config.conditional()) return options;
  options.pool = RefineOptions::Pool::mean;
  options.norm = norm_options(config);
  return options;
}

Ncsn::Ncsn(const NcsnConfig& config)
    : config_(checked(config)),
      first_(config.channels, config.width, ncsn_conv(3)),
      last_norm_(config.width, norm_options(config)),
      last_conv_(config.width, config.channels, ncsn_conv(3)),
      sigmas_(descending_sigmas(config.sigma_min, config.sigma_max, config.num_scales)) {
  add_child("first", first_);
  build_stages();
  build_refine();
  add_child("last_norm", last_norm_);
  add_child("last_conv", last_conv_);
}

void Ncsn::build_stages() {
  Index channels = config_.width;
  const auto add = [&](const std::string& name, Index out, const NcsnBlockOptions& options) {
    blocks_.push_back(std::make_unique<NcsnResidualBlock>(channels, out, options));
    add_child(name, *blocks_.back());
    channels = out;
  };
  Index i = 0;
  for (const NcsnStage& stage : config_.stages()) {
    const Index out = config_.width * stage.multiplier;
    add(text("stage.", i, ".block.0"), out, first_block_options(config_, stage));
    add(text("stage.", i, ".block.1"), out, second_block_options(config_, stage));
    ++i;
  }
}

/// The refine block of a stage gives the features of the stage above it.
void Ncsn::build_refine() {
  const std::vector<NcsnStage>& stages = config_.stages();
  const auto width = [&](std::size_t i) { return config_.width * stages[i].multiplier; };
  for (std::size_t i = 0; i < stages.size(); ++i) {
    std::vector<Index> in = {width(i)};
    if (i + 1 < stages.size()) in.push_back(width(i));
    refine_.push_back(std::make_unique<RefineBlock>(in, width(i == 0 ? 0 : i - 1), i == 0 ? 3 : 1,
                                                    refine_options(config_)));
    add_child(text("refine.", i), *refine_.back());
  }
}

void Ncsn::check_input(const Tensor& x, const std::vector<double>& labels) const {
  const Index size = config_.image_size;
  if (x.rank() != 4 || x.size(1) != size || x.size(2) != size || x.size(3) != config_.channels) {
    fail("ncsn", "expected images [N, ", size, ", ", size, ", ", config_.channels, "], got ",
         x.shape());
  }
  if (static_cast<Index>(labels.size()) != x.size(0)) {
    fail("ncsn", "expected one label per image, ", x.size(0), ", got ", labels.size());
  }
  for (const double label : labels) {
    if (!(label >= 0 && label < static_cast<double>(config_.num_scales))) {
      fail("ncsn", "expected labels in [0, ", config_.num_scales, "), got ", label);
    }
  }
}

Tensor Ncsn::forward(const Tensor& x, const std::vector<double>& labels,
                     const RandomStream* /*dropout*/) const {
  check_input(x, labels);
  const std::vector<Index> levels(labels.begin(), labels.end());
  Tensor h = first_.forward(config_.scale_input ? affine(x, 2, -1) : x);
  std::vector<Tensor> stages;
  for (std::size_t i = 0; i < blocks_.size(); i += 2) {
    h = blocks_[i + 1]->forward(blocks_[i]->forward(h, levels), levels);
    stages.push_back(h);
  }
  h = refine_.back()->forward({stages.back()}, levels);
  for (std::size_t i = stages.size() - 1; i-- > 0;) h = refine_[i]->forward({stages[i], h}, levels);
  h = last_conv_.forward(activate(config_.activation, last_norm_.forward(h, levels)));
  return config_.conditional() ? h : divide_by_sigma(h, labels, sigmas_);
}

}  // namespace ito::nn
