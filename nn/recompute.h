#pragma once
// Gradient checkpointing (Chen et al. 2016): a block keeps its inputs only, and backward computes
// what is inside again. Training then takes about a third more time and much less memory.

#include <functional>

#include "nn/module.h"

namespace ito::nn {

/// Within a scope, blocks that can be recomputed are (per thread; off at start).
class RecomputeScope {
 public:
  explicit RecomputeScope(bool on);
  ~RecomputeScope();
  RecomputeScope(const RecomputeScope&) = delete;
  RecomputeScope& operator=(const RecomputeScope&) = delete;

 private:
  bool before_;
};

/// f(inputs), f being part of `module`; inside a RecomputeScope it runs again in backward, and must
/// not refer to what is gone by then. Gradients differ from those without by the order of summation
/// only. Undefined inputs are passed on as they are.
Tensor recomputable(const Module& module, const std::vector<Tensor>& inputs,
                    const std::function<Tensor(const std::vector<Tensor>&)>& f);

}  // namespace ito::nn
