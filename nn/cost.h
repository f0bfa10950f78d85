#pragma once
// What a network costs: parameters and multiply-adds of its blocks.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nn/networks/score_network.h"

namespace ito::nn {

struct BlockCost {
  std::string block;        ///< path of names, "down.0.block.1"
  Index parameters = 0;     ///< trained
  Index multiply_adds = 0;  ///< of one evaluation for one image
};

/// The blocks in the order of the network's state. Convolutions, matrix products, attention and
/// resampling filters are counted, with the zeros that they pad; norms and activations are not.
/// Nothing is computed: the time does not depend on the size. `item` is [H, W, C] or [D].
std::vector<BlockCost> block_costs(const ScoreNetwork& network, const Shape& item);

/// The same of a network that is built for it alone, without touching the memory of its parameters.
std::vector<BlockCost> block_costs(const std::function<std::unique_ptr<ScoreNetwork>()>& make,
                                   const Shape& item);

/// The sums; `block` is empty.
BlockCost total(const std::vector<BlockCost>& costs);

}  // namespace ito::nn
