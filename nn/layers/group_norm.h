#pragma once
// Group normalisation with a learned scale and shift per channel (Wu and He 2018).

#include <string>

#include "nn/layers/activation.h"
#include "nn/module.h"

namespace ito::nn {

/// How many groups the channels of a tensor form: always `max` (DDPM), or a quarter of the channels
/// but at most `max` (NCSN++).
struct Groups {
  enum class Rule { fixed, quarter };
  Rule rule = Rule::fixed;
  Index max = 32;

  /// Throws when that number does not divide the channels.
  Index of(Index channels) const;
};

/// Throws for a name that is neither fixed nor quarter.
Groups::Rule group_rule_named(const std::string& name);
std::string name_of(Groups::Rule rule);

/// x [N, ..., C] -> like x: zero mean and unit variance over each group of channels and all
/// positions, eps 1e-6 as published; then weight [C], bias [C].
class GroupNorm : public Module {
 public:
  GroupNorm(Index channels, const Groups& groups);

  Tensor forward(const Tensor& x) const;
  /// activate(activation, forward(x)), for swish in one pass.
  Tensor forward(const Tensor& x, Activation activation) const;

 private:
  Index groups_;
  Tensor weight_, bias_;
};

}  // namespace ito::nn
