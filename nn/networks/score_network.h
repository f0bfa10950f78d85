#pragma once
// What every score network is to the rest of ito.

#include <vector>

#include "engine/random.h"
#include "nn/module.h"

namespace ito::nn {

/// A network of (x, label). What the label means (t * 999, sigma, an index) and what the output
/// means (noise or score) is the parametrisation's business: diffusion/score.h.
class ScoreNetwork : public Module {
 public:
  /// x [N, ...], one label per sample -> like x. With `dropout` the network is in training mode and
  /// draws its dropout masks from that stream (the layer's ordinal is the stream's `sub`).
  virtual Tensor forward(const Tensor& x, const std::vector<double>& labels,
                         const RandomStream* dropout = nullptr) const = 0;
};

}  // namespace ito::nn
