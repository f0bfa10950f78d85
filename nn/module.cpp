#include "nn/module.h"

#include <cmath>
#include <set>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/random.h"

namespace ito::nn {

namespace {

/// What stands for a scale of zero: small enough to vanish, and still a direction to learn from.
constexpr double almost_zero = 1e-10;

/// Half-width of the uniform distribution with the variance that `init` asks for.
double uniform_limit(const Init& init) {
  const double scale = init.scale == 0 ? almost_zero : init.scale;
  const double fan_avg = static_cast<double>(init.fan_in + init.fan_out) / 2;
  return std::sqrt(3 * scale / fan_avg);
}

Tensor without_last_columns(const Tensor& x, Index columns) {
  if (columns == 0) return x;
  const Index kept = x.size(1) - columns;
  return concat({slice(x, 1, 0, kept), Tensor::zeros({x.size(0), columns})}, 1);
}

Tensor draw(const Shape& shape, const Init& init, const RandomStream& stream) {
  const Shape flat = {1, shape.elements()};
  switch (init.kind) {
    case Init::Kind::zeros:
      return Tensor::zeros(shape);
    case Init::Kind::ones:
      return Tensor::full(shape, 1);
    case Init::Kind::normal:
      return without_last_columns(
          affine(random_normal(flat, stream), init.scale, init.centre).with_shape(shape),
          init.zero_columns);
    case Init::Kind::uniform_variance_scaling:
      break;
  }
  const double limit = uniform_limit(init);
  return affine(random_uniform(flat, stream), 2 * limit, -limit).with_shape(shape);
}

/// One line per difference between what is expected and what was found.
std::vector<std::string> differences(const std::vector<Expected>& expected, const TensorMap& found,
                                     Extra extra) {
  std::vector<std::string> lines;
  std::set<std::string> known;
  for (const Expected& e : expected) {
    known.insert(e.name);
    const auto it = found.find(e.name);
    if (it == found.end()) {
      lines.push_back(text(e.name, ": expected ", e.shape, ", missing"));
    } else if (it->second.shape() != e.shape) {
      lines.push_back(text(e.name, ": expected ", e.shape, ", got ", it->second.shape()));
    }
  }
  if (extra == Extra::ignore) return lines;
  for (const auto& [name, tensor] : found) {
    if (!known.contains(name)) lines.push_back(text(name, ": not expected, got ", tensor.shape()));
  }
  return lines;
}

}  // namespace

std::vector<Parameter> Module::state() const {
  std::vector<Parameter> out;
  collect("", out);
  return out;
}

std::vector<Parameter> Module::parameters() const {
  std::vector<Parameter> out = state();
  std::erase_if(out, [](const Parameter& p) { return !p.trained; });
  return out;
}

void Module::add_parameter(const std::string& name, Tensor& value, Shape shape, Init init) {
  add(name, value, std::move(shape), init, true);
  value.require_grad();
}

void Module::add_constant(const std::string& name, Tensor& value, Shape shape, Init init) {
  add(name, value, std::move(shape), init, false);
}

void Module::add(const std::string& name, Tensor& value, Shape shape, Init init, bool trained) {
  refuse_duplicate(name);
  value = Tensor::zeros(std::move(shape));
  own_.push_back({name, &value, init, trained});
}

void Module::add_child(const std::string& name, Module& child) {
  refuse_duplicate(name);
  children_.push_back({name, &child});
}

void Module::refuse_duplicate(const std::string& name) const {
  for (const Parameter& p : own_) {
    if (p.name == name) fail("module", "two parts are named ", name);
  }
  for (const Child& c : children_) {
    if (c.name == name) fail("module", "two parts are named ", name);
  }
}

void Module::collect(const std::string& path, std::vector<Parameter>& out) const {
  for (const Parameter& p : own_) out.push_back({path + p.name, p.value, p.init, p.trained});
  for (const Child& c : children_) c.module->collect(path + c.name + ".", out);
}

void initialise(Module& module, std::uint64_t seed) {
  const NoGrad no_grad;
  RandomStream stream{.seed = seed, .purpose = Purpose::init};
  for (const Parameter& p : module.state()) {
    p.value->assign(draw(p.value->shape(), p.init, stream));
    ++stream.sub;
  }
}

Index parameter_count(const Module& module) {
  Index count = 0;
  for (const Parameter& p : module.parameters()) count += p.value->elements();
  return count;
}

TensorMap values(const Module& module) {
  TensorMap out;
  for (const Parameter& p : module.state()) out.emplace(p.name, p.value->detach());
  return out;
}

void load(Module& module, const TensorMap& from, Extra extra) {
  const std::vector<Parameter> state = module.state();
  std::vector<Expected> expected;
  for (const Parameter& p : state) expected.push_back({p.name, p.value->shape()});
  check_match("load", expected, from, extra);
  for (const Parameter& p : state) p.value->assign(from.at(p.name));
}

void check_match(const char* where, const std::vector<Expected>& expected, const TensorMap& found,
                 Extra extra) {
  constexpr std::size_t shown = 5;
  const std::vector<std::string> lines = differences(expected, found, extra);
  if (lines.empty()) return;
  std::string list;
  for (std::size_t i = 0; i < lines.size() && i < shown; ++i) list += "\n  " + lines[i];
  if (lines.size() > shown) list += text("\n  ... and ", lines.size() - shown, " more");
  fail(where, "the tensors are not those of this network:", list);
}

}  // namespace ito::nn
