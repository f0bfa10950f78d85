#pragma once
// Dropout with an explicit address: every dropout layer of a network has its own ordinal.

#include "engine/random.h"
#include "engine/tensor.h"

namespace ito::nn {

/// Zeroes elements with a fixed probability during training. The mask of an element is a function
/// of the stream (seed, step, first image), of this layer's ordinal and of the element's place in
/// its image, so it does not depend on the batch.
class Dropout {
 public:
  Dropout(double probability, std::uint32_t ordinal);

  /// The identity without a stream.
  Tensor forward(const Tensor& x, const RandomStream* stream) const;

 private:
  double probability_;
  std::uint32_t ordinal_;
};

}  // namespace ito::nn
