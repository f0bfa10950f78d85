#pragma once
// What every score network is to the rest of ito.

#include <vector>

#include "engine/error.h"
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

  /// How many classes the network can be told; 0: it knows of none.
  virtual Index classes() const { return 0; }
  /// `forward`, told the class of each sample: weights [N, classes], or one row for all, as one_hot
  /// gives them, or mixtures of such rows. A row of zeros tells nothing, as `forward` does. Throws
  /// for a network that knows of no classes.
  virtual Tensor forward_told(const Tensor& /*x*/, const std::vector<double>& /*labels*/,
                              const Tensor& /*weights*/,
                              const RandomStream* /*dropout*/ = nullptr) const {
    fail("network", "this network was trained without classes");
  }
};

/// A network with the classes of its samples fixed, for whoever calls `forward` alone. Refers to
/// `network`, whose parameters stay its own.
class ToldNetwork : public ScoreNetwork {
 public:
  ToldNetwork(const ScoreNetwork& network, Tensor weights)
      : network_(network), weights_(std::move(weights)) {}

  Tensor forward(const Tensor& x, const std::vector<double>& labels,
                 const RandomStream* dropout = nullptr) const override {
    return network_.forward_told(x, labels, weights_, dropout);
  }

 private:
  const ScoreNetwork& network_;
  Tensor weights_;
};

}  // namespace ito::nn
