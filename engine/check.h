#pragma once
// Gradient checks by central differences. Meaningful in the double build.

#include <functional>
#include <vector>

#include "engine/tensor.h"

namespace ito {

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

/// How far gradients are from central differences, each relative to the larger of 1 and the largest
/// difference quotient met.
struct GradientErrors {
  double first = 0;   ///< of <f(x), c> with respect to x
  double second = 0;  ///< of <d<f(x), c>/dx, u> with respect to x and c
  double fused = 0;   ///< between the vjps with and without create_graph
};

/// Checks every element of every input of f at `inputs`, with cotangents drawn from `seed`.
GradientErrors check_gradients(const Function& f, const std::vector<Tensor>& inputs,
                               std::uint64_t seed);

}  // namespace ito
