#pragma once
// A whole network against published numbers.

#include "nn/networks/score_network.h"
#include "reference.h"

namespace ito::test {

/// Evaluates the network on the inputs of a net_ file, with the parameters of its params_file, and
/// compares the output and the gradients of the input and of every parameter; then compares both
/// modes of convolution with each other.
void expect_published(const std::string& name, nn::ScoreNetwork& network,
                      const nn::NameTable& table);

}  // namespace ito::test
