#pragma once
// The nonlinearities that score networks use, chosen by name.

#include <string>

#include "engine/tensor.h"

namespace ito::nn {

/// swish: x sigmoid(x); elu: alpha 1; lrelu: slope 0.2 below zero.
enum class Activation { swish, elu, relu, lrelu };

Tensor activate(Activation activation, const Tensor& x);

/// Throws for a name that is none of swish, elu, relu, lrelu.
Activation activation_named(const std::string& name);
std::string name_of(Activation activation);

}  // namespace ito::nn
