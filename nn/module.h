#pragma once
// Module: named parameters and child modules. The path of names is the key in a checkpoint.

#include <map>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace ito::nn {

/// How a parameter starts.
struct Init {
  enum class Kind { zeros, ones, normal, uniform_variance_scaling };
  Kind kind = Kind::zeros;
  /// normal: the standard deviation. Variance scaling in "fan_avg" mode (Ho et al. 2020): uniform
  /// with variance scale / ((fan_in + fan_out) / 2); a scale of 0 means 1e-10, the published
  /// stand-in for zero.
  double scale = 1;
  Index fan_in = 1, fan_out = 1;
  double centre = 0;       ///< normal: the mean
  Index zero_columns = 0;  ///< normal, of a matrix: the last columns start at zero
};

/// Uniform within 1 / sqrt(fan_in): how the NCSN networks start.
constexpr Init uniform_fan_in(Index fan_in) {
  return {Init::Kind::uniform_variance_scaling, 1.0 / 3, fan_in, fan_in};
}

struct Parameter {
  std::string name;  ///< path, "down.0.block.1.conv_0.weight"
  Tensor* value;
  Init init;
  bool trained = true;
};

using TensorMap = std::map<std::string, Tensor>;

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// All trained parameters below this module, in order of registration.
  std::vector<Parameter> parameters() const;
  /// All that a checkpoint holds: the parameters and the constants, in order of registration.
  std::vector<Parameter> state() const;

 protected:
  /// Registers `value` (a member) as a trained parameter of the given shape, zero until
  /// initialised.
  void add_parameter(const std::string& name, Tensor& value, Shape shape, Init init);
  /// Registers `value` as a tensor that is initialised and saved but not trained.
  void add_constant(const std::string& name, Tensor& value, Shape shape, Init init);
  void add_child(const std::string& name, Module& child);

 private:
  struct Child {
    std::string name;
    Module* module;
  };
  void add(const std::string& name, Tensor& value, Shape shape, Init init, bool trained);
  void refuse_duplicate(const std::string& name) const;
  void collect(const std::string& path, std::vector<Parameter>& out) const;

  std::vector<Parameter> own_;
  std::vector<Child> children_;
};

/// Draws the whole state anew: entry number i of state() uses sub = i of the stream
/// (seed, Purpose::init).
void initialise(Module& module, std::uint64_t seed);

/// Number of trained scalars.
Index parameter_count(const Module& module);

/// The state by name; the tensors share the module's memory.
TensorMap values(const Module& module);

/// What to do with names that the module does not have.
enum class Extra { refuse, ignore };

/// Overwrites the whole state. Throws, before anything is written, an error that lists the first
/// names that are missing, not expected or of another shape.
void load(Module& module, const TensorMap& from, Extra extra = Extra::refuse);

/// A tensor that a module expects.
struct Expected {
  std::string name;
  Shape shape;
};

/// Throws the error of `load` unless `found` has the expected names and shapes.
void check_match(const char* where, const std::vector<Expected>& expected, const TensorMap& found,
                 Extra extra);

}  // namespace ito::nn
