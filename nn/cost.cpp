#include "nn/cost.h"

#include <algorithm>
#include <map>

#include "engine/autograd.h"
#include "kernels/dry_run.h"

namespace ito::nn {

namespace {

/// "down.0.block.1.conv_0.weight" -> "down.0.block.1": without the layer and its parameter, and not
/// deeper than four names.
std::string block_of(const std::string& parameter) {
  std::vector<std::size_t> dots;
  for (std::size_t at = 0; (at = parameter.find('.', at)) != std::string::npos; ++at)
    dots.push_back(at);
  if (dots.empty()) return parameter;
  const std::size_t names = std::clamp<std::size_t>(dots.size() - 1, 1, 4);
  return parameter.substr(0, dots[names - 1]);
}

/// Adds parameters to blocks, in order, and remembers whose they are.
class Blocks {
 public:
  explicit Blocks(const Module& network) {
    for (const Parameter& p : network.state()) {
      const std::string block = block_of(p.name);
      if (costs.empty() || costs.back().block != block) costs.push_back({block});
      if (p.trained) costs.back().parameters += p.value->elements();
      owner_[p.value->data()] = costs.size() - 1;
    }
  }

  /// Work on parameters belongs to their block, other work to the block that worked last.
  void add(const std::vector<kernels::DryWork>& work) {
    std::size_t block = 0;
    for (const kernels::DryWork& w : work) {
      for (const void* operand : {w.a, w.b}) {
        const auto owner = owner_.find(operand);
        if (owner != owner_.end()) block = owner->second;
      }
      costs.at(block).multiply_adds += w.multiply_adds;
    }
  }

  std::vector<BlockCost> costs;

 private:
  std::map<const void*, std::size_t> owner_;
};

std::vector<BlockCost> dry_costs(const ScoreNetwork& network, const Shape& item,
                                 const kernels::DryRun& dry) {
  const NoGrad no_grad;
  Shape one = item;
  one.insert(one.begin(), 1);
  Blocks blocks(network);
  network.forward(Tensor::zeros(one), {0.5});  // a noise level, or an index after truncation
  blocks.add(dry.work());
  return blocks.costs;
}

}  // namespace

std::vector<BlockCost> block_costs(const ScoreNetwork& network, const Shape& item) {
  const kernels::DryRun dry;
  return dry_costs(network, item, dry);
}

std::vector<BlockCost> block_costs(const std::function<std::unique_ptr<ScoreNetwork>()>& make,
                                   const Shape& item) {
  const kernels::DryRun dry;
  return dry_costs(*make(), item, dry);
}

BlockCost total(const std::vector<BlockCost>& costs) {
  BlockCost sum;
  for (const BlockCost& cost : costs) {
    sum.parameters += cost.parameters;
    sum.multiply_adds += cost.multiply_adds;
  }
  return sum;
}

}  // namespace ito::nn
