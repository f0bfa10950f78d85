#pragma once
// The one table of operation cases. It drives the gradient checks, float against double, equal bits
// for any number of threads, any SIMD level and any batch, and the benchmark.

#include <functional>
#include <string>
#include <vector>

#include "engine/ops.h"

namespace ito::test {

struct OpCase {
  std::string name;
  std::vector<Shape> shapes;  ///< of the inputs
  std::function<Tensor(const std::vector<Tensor>&)> f;
  double low = -1.5, high = 1.5;  ///< the inputs are uniform in this range
  /// Axis 0 of the first input and of the output is the batch; the other inputs belong to all.
  bool per_image = false;
};

std::ostream& operator<<(std::ostream& out, const OpCase& op);

const std::vector<OpCase>& op_cases();

/// FNV-1a of the case's name: its seed.
std::uint64_t case_seed(const std::string& name);

/// The inputs of a case, a function of its name.
std::vector<Tensor> case_inputs(const OpCase& op);

}  // namespace ito::test
