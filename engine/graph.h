#pragma once
// A computation on the CUDA device whose launches go there as one (a CUDA graph).

#include <functional>
#include <memory>
#include <vector>

#include "engine/tensor.h"
#include "kernels/recording.h"

namespace ito {

class MemoryTape;

/// A function of tensors that is computed many times. All its intermediate tensors stay where
/// they were, so that a second graph of the same function takes as much memory again.
class Graph {
 public:
  Graph();
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  using Tensors = std::vector<Tensor>;
  /// compute(x), to the bit, for x of the same shapes each time, on the device: the first time done
  /// and recorded, later launched as one. `compute` is called each time, as its host's part may
  /// change: see kernels::Recording for what is held to be the same, and what is thrown where it is
  /// not. Gradients are off, apart from what `compute` switches on for itself.
  Tensors run(const Tensors& x, const std::function<Tensors(const Tensors&)>& compute);
  /// The same of one tensor.
  Tensor run(const Tensor& x, const std::function<Tensor(const Tensor&)>& compute);

  /// Whether a graph's computation is under way: nothing in it may wait for the device.
  static bool running() { return kernels::Recording::running(); }

 private:
  Tensors x_;  ///< where compute finds its arguments
  std::shared_ptr<MemoryTape> tape_;
  kernels::Recording recording_;
};

}  // namespace ito
