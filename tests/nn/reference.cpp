#include "reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/random.h"

namespace ito::test {

SafeTensors reference(const std::string& name) {
  return read_safetensors(std::string(ITO_TEST_DATA) + "/" + name + ".safetensors");
}

Tensor images(const SafeTensors& file, const std::string& name) {
  const Tensor x = file.tensor(name);
  return x.rank() == 4 ? permute(x, {0, 2, 3, 1}) : x;
}

Tensor as_published_images(const Tensor& x) {
  return x.rank() == 4 ? permute(x.detach(), {0, 3, 1, 2}) : x.detach();
}

nn::TensorMap with_prefix(const SafeTensors& file, const std::string& prefix) {
  nn::TensorMap out;
  for (const auto& [name, stored] : file.tensors) {
    if (name.starts_with(prefix)) out.emplace(name.substr(prefix.size()), file.tensor(name));
  }
  return out;
}

double largest(const Tensor& x) {
  double result = 0;
  for (const Real v : x.to_host()) result = std::max(result, std::abs(static_cast<double>(v)));
  return result;
}

double largest(const nn::TensorMap& tensors) {
  double result = 0;
  for (const auto& [name, tensor] : tensors) result = std::max(result, largest(tensor));
  return result;
}

double difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) {
    ADD_FAILURE() << "shapes " << a.shape() << " and " << b.shape();
    return std::numeric_limits<double>::infinity();
  }
  const NoGrad no_grad;
  return largest(a - b);
}

Evaluation differentiate(const nn::Module& module, const Tensor& y,
                         const std::vector<Tensor>& inputs, const Tensor& cotangent) {
  const std::vector<nn::Parameter> parameters = module.parameters();
  std::vector<Tensor> wanted = inputs;
  for (const nn::Parameter& p : parameters) wanted.push_back(*p.value);
  const std::vector<Tensor> gradients = grad({y}, wanted, {cotangent});
  Evaluation out = {y.detach(), {}, {}};
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (i < inputs.size()) {
      out.inputs.push_back(gradients[i]);
    } else {
      out.parameters.emplace(parameters[i - inputs.size()].name, gradients[i]);
    }
  }
  return out;
}

void randomise(nn::Module& module, std::uint64_t seed, double deviation) {
  const NoGrad no_grad;
  RandomStream stream{.seed = seed, .purpose = Purpose::init};
  for (const nn::Parameter& p : module.parameters()) {
    const double centre = p.init.kind == nn::Init::Kind::ones ? 1 : 0;
    p.value->assign(affine(random_normal(p.value->shape(), stream), deviation, centre));
    ++stream.sub;
  }
}

}  // namespace ito::test
