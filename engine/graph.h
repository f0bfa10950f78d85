#pragma once
// A computation on the CUDA device whose launches go there as one (a CUDA graph).

#include <functional>
#include <memory>

#include "engine/tensor.h"
#include "kernels/recording.h"

namespace ito {

class MemoryTape;

/// A function of one tensor that is computed many times. All its intermediate tensors stay where
/// they were, so that a second graph of the same function takes as much memory again.
class Graph {
 public:
  Graph();
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /// compute(x), to the bit, for an x of one shape on the device: the first time done and recorded,
  /// later launched as one. `compute` is called each time, as its host's part may change: see
  /// kernels::Recording for what is held to be the same, and what is thrown where it is not.
  /// Gradients are off, apart from what `compute` switches on for itself.
  Tensor run(const Tensor& x, const std::function<Tensor(const Tensor&)>& compute);

 private:
  Tensor x_;  ///< where compute finds its argument
  std::shared_ptr<MemoryTape> tape_;
  kernels::Recording recording_;
};

}  // namespace ito
