#pragma once
// What is measured: networks as whole steps, and operations at the shapes that networks have.

#include <functional>
#include <string>
#include <vector>

#include "engine/ops.h"

namespace ito::bench {

/// A network with its batch: the sections of a training configuration, as JSON.
struct NetworkCase {
  std::string name;
  std::string config;
};

const std::vector<NetworkCase>& network_cases();
/// NAME, or NAME@N with N images in the place of its own batch. Throws for an unknown name.
NetworkCase network_case(const std::string& name);

/// One operation at one shape. Forward is f(inputs), backward the gradients of all inputs.
struct OpCase {
  std::string name;
  std::vector<Shape> shapes;  ///< of the inputs
  std::function<Tensor(const std::vector<Tensor>&)> f;
  /// Floating-point operations of the forward pass; 0 where memory is the limit.
  double flops = 0;
  /// The backward pass does so many times the work of the forward pass.
  double backward_factor = 2;
  bool compared = false;  ///< bench/peer.py has it too
};

const std::vector<OpCase>& op_cases();
const OpCase& op_case(const std::string& name);

/// Inputs of a case, always the same: normal numbers, those after the first divided by the square
/// root of what is summed over, so that outputs have size 1.
std::vector<Tensor> op_inputs(const OpCase& op);

/// Bytes that the inputs and the output hold.
double bytes_touched(const std::vector<Tensor>& inputs, const Tensor& output);

}  // namespace ito::bench
