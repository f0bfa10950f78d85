#pragma once
// What the truth bench samples from: distributions whose scores are known at every time.

#include <string>
#include <vector>

#include "diffusion/mixture.h"

namespace ito {

struct Target {
  std::string name;
  GaussianMixture p;

  bool is_gaussian() const { return p.components().size() == 1; }
};

/// "gaussian": 2 dimensions of variance 1 and 0.1. "low_rank": 16 dimensions, 4 of variance 1, the
/// others of 0.01. "mixture_2d": three unequal modes in the plane, one of them tilted.
/// "mixture_64d": four modes of weights 0.4 to 0.1 in 64 dimensions, variance 0.1, the means drawn
/// once with variance 0.5. All are of the order of 1, as data are.
std::vector<Target> truth_targets();

}  // namespace ito
