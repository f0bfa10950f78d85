#include "nn/layers/group_norm.h"

#include <algorithm>

#include "engine/ops.h"

namespace ito::nn {

Index Groups::of(Index channels) const {
  const Index groups = rule == Rule::fixed ? max : std::min(channels / 4, max);
  if (groups < 1 || channels % groups != 0) {
    fail("group_norm", "expected a number of groups that divides ", channels, " channels, got ",
         groups, " (rule ", name_of(rule), ", at most ", max, ")");
  }
  return groups;
}

Groups::Rule group_rule_named(const std::string& name) {
  if (name == "fixed") return Groups::Rule::fixed;
  if (name == "quarter") return Groups::Rule::quarter;
  fail("group_norm", "expected the group rule fixed or quarter, got \"", name, "\"");
}

std::string name_of(Groups::Rule rule) { return rule == Groups::Rule::fixed ? "fixed" : "quarter"; }

namespace {

constexpr double group_norm_eps = 1e-6;

}  // namespace

GroupNorm::GroupNorm(Index channels, const Groups& groups) : groups_(groups.of(channels)) {
  add_parameter("weight", weight_, {channels}, {.kind = Init::Kind::ones});
  add_parameter("bias", bias_, {channels}, {});
}

Tensor GroupNorm::forward(const Tensor& x) const {
  return group_norm(x, weight_, bias_, groups_, group_norm_eps);
}

Tensor GroupNorm::forward(const Tensor& x, Activation activation) const {
  if (activation != Activation::swish) return activate(activation, forward(x));
  return group_norm_silu(x, weight_, bias_, groups_, group_norm_eps);
}

}  // namespace ito::nn
