#pragma once
// A whole network against published numbers.

#include "nn/networks/score_network.h"
#include "reference.h"

namespace ito::test {

/// Relative to the largest gradient in a file; another summation order was seen to make 8e-6.
constexpr double gradient_tolerance = 3e-5;

/// Evaluates the network on the inputs of a net_ file, with the parameters of its params_file.
Evaluation evaluate_published(const SafeTensors& file, nn::ScoreNetwork& network,
                              const nn::NameTable& table);

/// Does so with direct convolutions, and compares the output and the gradients of the input and of
/// every parameter.
void expect_published(const std::string& name, nn::ScoreNetwork& network,
                      const nn::NameTable& table);

}  // namespace ito::test
