#pragma once
// Module: named parameters and child modules. The path of names is the key in a checkpoint.

#include <string>
#include <vector>

#include "engine/tensor.h"

namespace ito::nn {

/// How a parameter starts.
struct Init {
  enum class Kind { zeros, ones, uniform_variance_scaling };
  Kind kind = Kind::zeros;
  /// Variance scaling in "fan_avg" mode (Ho et al. 2020): uniform with variance
  /// scale / ((fan_in + fan_out) / 2). A scale of 0 means 1e-10, the published stand-in for zero.
  double scale = 1;
  Index fan_in = 1, fan_out = 1;
};

struct Parameter {
  std::string name;  ///< path, "down.0.block.1.conv_0.weight"
  Tensor* value;
  Init init;
};

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// All parameters below this module, in order of registration.
  std::vector<Parameter> parameters() const;

 protected:
  /// Registers `value` (a member) as a trained parameter of the given shape.
  void add_parameter(const std::string& name, Tensor& value, Shape shape, Init init);
  void add_child(const std::string& name, Module& child);

 private:
  struct Child {
    std::string name;
    Module* module;
  };
  void collect(const std::string& path, std::vector<Parameter>& out) const;

  std::vector<Parameter> own_;
  std::vector<Child> children_;
};

/// Draws every parameter anew: parameter number i of the module uses sub = i of the stream
/// (seed, Purpose::init).
void initialise(Module& module, std::uint64_t seed);

/// Number of trained scalars.
Index parameter_count(const Module& module);

}  // namespace ito::nn
