#include "nn/layers/activation.h"

#include <array>
#include <utility>

#include "engine/ops.h"

namespace ito::nn {

namespace {

constexpr std::array<std::pair<Activation, const char*>, 4> names = {{
    {Activation::swish, "swish"},
    {Activation::elu, "elu"},
    {Activation::relu, "relu"},
    {Activation::lrelu, "lrelu"},
}};

}  // namespace

Tensor activate(Activation activation, const Tensor& x) {
  switch (activation) {
    case Activation::swish:
      return silu(x);
    case Activation::elu:
      return elu(x);
    case Activation::relu:
      return relu(x);
    case Activation::lrelu:
      return leaky_relu(x, 0.2);
  }
  fail("activation", "unknown value ", static_cast<int>(activation));
}

Activation activation_named(const std::string& name) {
  for (const auto& [activation, known] : names) {
    if (name == known) return activation;
  }
  fail("activation", "expected swish, elu, relu or lrelu, got \"", name, "\"");
}

std::string name_of(Activation activation) {
  for (const auto& [known, name] : names) {
    if (activation == known) return name;
  }
  fail("activation", "unknown value ", static_cast<int>(activation));
}

}  // namespace ito::nn
