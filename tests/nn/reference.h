#pragma once
// Published reference numbers: reading them, and comparing with them.

#include <string>
#include <vector>

#include "engine/safetensors.h"
#include "nn/module.h"
#include "nn/published_names.h"

namespace ito::test {

/// A file of tests/data.
SafeTensors reference(const std::string& name);

/// A stored image [N, C, H, W] as ours, [N, H, W, C], and back. Other ranks stay as they are.
Tensor images(const SafeTensors& file, const std::string& name);
Tensor as_published_images(const Tensor& x);

/// All tensors NAME of the file that are stored as `prefix`NAME.
nn::TensorMap with_prefix(const SafeTensors& file, const std::string& prefix);

double largest(const Tensor& x);
double largest(const nn::TensorMap& tensors);
/// Largest absolute difference; fails the test and returns infinity when the shapes differ.
double difference(const Tensor& a, const Tensor& b);

/// y = f(x, ...) of a module and the gradients of <y, cotangent>.
struct Evaluation {
  Tensor y;
  std::vector<Tensor> inputs;  ///< gradients of the inputs
  nn::TensorMap parameters;    ///< gradients of the parameters, by our names
};

template <class F>
Evaluation evaluate(const nn::Module& module, std::vector<Tensor> inputs, const Tensor& cotangent,
                    F f);

/// Gradients of <y, cotangent> by the inputs and the module's parameters.
Evaluation differentiate(const nn::Module& module, const Tensor& y,
                         const std::vector<Tensor>& inputs, const Tensor& cotangent);

/// Every parameter of the module normal with the given deviation around 1 (norm weights) or 0.
void randomise(nn::Module& module, std::uint64_t seed, double deviation);

template <class F>
Evaluation evaluate(const nn::Module& module, std::vector<Tensor> inputs, const Tensor& cotangent,
                    F f) {
  for (Tensor& x : inputs) x.require_grad();
  return differentiate(module, f(inputs), inputs, cotangent);
}

}  // namespace ito::test
