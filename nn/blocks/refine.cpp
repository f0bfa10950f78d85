#include "nn/blocks/refine.h"

#include "engine/ops.h"
#include "nn/blocks/ncsn_residual.h"
#include "nn/layers/pool.h"

namespace ito::nn {

namespace {

constexpr Index unit_blocks = 2, unit_stages = 2, pool_stages = 2;

std::unique_ptr<Conv2d> conv_3x3(Index in, Index out, bool bias) {
  return std::make_unique<Conv2d>(in, out, ncsn_conv(3, 1, bias));
}

/// The norm in front of part number i; without norms x itself.
Tensor normalised(const std::vector<std::unique_ptr<InstanceNorm>>& norms, std::size_t i,
                  const Tensor& x, const std::vector<Index>& classes) {
  return norms.empty() ? x : norms[i]->forward(x, classes);
}

}  // namespace

ResidualConvUnits::ResidualConvUnits(Index channels, Index blocks, Index stages,
                                     const RefineOptions& options)
    : activation_(options.activation), stages_(stages) {
  for (Index i = 0; i < blocks * stages; ++i) {
    const std::string stage = text("block.", i / stages, ".stage.", i % stages);
    if (options.norm) {
      norms_.push_back(std::make_unique<InstanceNorm>(channels, *options.norm));
      add_child(stage + ".norm", *norms_.back());
    }
    convs_.push_back(conv_3x3(channels, channels, false));
    add_child(stage + ".conv", *convs_.back());
  }
}

Tensor ResidualConvUnits::forward(Tensor x, const std::vector<Index>& classes) const {
  for (std::size_t i = 0; i < convs_.size();) {
    Tensor h = x;
    for (Index stage = 0; stage < stages_; ++stage, ++i) {
      h = convs_[i]->forward(activate(activation_, normalised(norms_, i, h, classes)));
    }
    x = h + x;
  }
  return x;
}

ChainedPooling::ChainedPooling(Index channels, Index stages, const RefineOptions& options)
    : options_(options) {
  for (Index i = 0; i < stages; ++i) {
    if (options.norm) {
      norms_.push_back(std::make_unique<InstanceNorm>(channels, *options.norm));
      add_child(text("norm.", i), *norms_.back());
    }
    convs_.push_back(conv_3x3(channels, channels, false));
    add_child(text("conv.", i), *convs_.back());
  }
}

Tensor ChainedPooling::forward(Tensor x, const std::vector<Index>& classes) const {
  x = activate(options_.activation, x);
  Tensor path = x;
  for (std::size_t i = 0; i < convs_.size(); ++i) {
    path = normalised(norms_, i, path, classes);
    const bool highest = options_.pool == RefineOptions::Pool::max;
    path = highest ? max_pool(path, options_.pool_size) : mean_pool(path, options_.pool_size);
    path = convs_[i]->forward(path);
    x = path + x;
  }
  return x;
}

Fusion::Fusion(const std::vector<Index>& in, Index out, const RefineOptions& options) {
  for (const Index channels : in) {
    const std::size_t i = convs_.size();
    if (options.norm) {
      norms_.push_back(std::make_unique<InstanceNorm>(channels, *options.norm));
      add_child(text("norm.", i), *norms_.back());
    }
    convs_.push_back(conv_3x3(channels, out, true));
    add_child(text("conv.", i), *convs_.back());
  }
}

Tensor Fusion::forward(const std::vector<Tensor>& xs, Index H, Index W,
                       const std::vector<Index>& classes) const {
  if (xs.size() != convs_.size()) {
    fail("fusion", "expected ", convs_.size(), " inputs, got ", xs.size());
  }
  Tensor sum;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const Tensor h = bilinear(convs_[i]->forward(normalised(norms_, i, xs[i], classes)), H, W);
    sum = sum.defined() ? sum + h : h;
  }
  return sum;
}

RefineBlock::RefineBlock(const std::vector<Index>& in, Index out, Index output_blocks,
                         const RefineOptions& options)
    : pooling_(out, pool_stages, options), output_(out, output_blocks, unit_stages, options) {
  for (const Index channels : in) {
    adapt_.push_back(
        std::make_unique<ResidualConvUnits>(channels, unit_blocks, unit_stages, options));
    add_child(text("adapt.", adapt_.size() - 1), *adapt_.back());
  }
  if (in.size() > 1) {
    fusion_ = std::make_unique<Fusion>(in, out, options);
    add_child("fusion", *fusion_);
  } else if (in.size() != 1 || in[0] != out) {
    fail("refine", "expected inputs for a fusion, or one of ", out, " channels, got ", in.size());
  }
  add_child("pooling", pooling_);
  add_child("output", output_);
}

Tensor RefineBlock::forward(const std::vector<Tensor>& xs,
                            const std::vector<Index>& classes) const {
  if (xs.size() != adapt_.size()) {
    fail("refine", "expected ", adapt_.size(), " inputs, got ", xs.size());
  }
  std::vector<Tensor> adapted;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    adapted.push_back(adapt_[i]->forward(xs[i], classes));
  }
  const Index H = xs[0].size(1), W = xs[0].size(2);
  const Tensor h = fusion_ ? fusion_->forward(adapted, H, W, classes) : adapted[0];
  return output_.forward(pooling_.forward(h, classes), classes);
}

}  // namespace ito::nn
