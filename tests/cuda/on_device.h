#pragma once
// Runs kernels on the CUDA device and on the CPU, with copies of the same inputs, for tests that
// compare the two.

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/memory.h"
#include "kernels/types.h"
#include "tests/cuda/device.h"

namespace ito::kernels::test {

using ito::test::OnDevice;
using Values = std::vector<Real>;

/// Unit roundoff of Real.
constexpr double roundoff = sizeof(Real) == 4 ? 0x1p-24 : 0x1p-53;

/// `n` values in [-1, 1), a function of the seed alone.
inline Values values(std::uint64_t seed, Index n) {
  Values result(static_cast<std::size_t>(n));
  std::uint64_t state = seed * 2862933555777941757ULL + 3037000493ULL;
  for (Real& value : result) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    value = static_cast<Real>(static_cast<double>(state >> 40) * 0x1p-23 - 1);
  }
  return result;
}

inline Values magnitudes(Values x) {
  for (Real& value : x) value = std::fabs(value);
  return x;
}

/// An array on a device.
class Array {
 public:
  Array(Device device, const Values& initial)
      : device_(device),
        count_(initial.size()),
        block_(count_ == 0 ? nullptr : device_allocate(device, bytes())) {
    if (count_ > 0) copy_from_host(device, block_, initial.data(), bytes());
  }
  ~Array() {
    if (block_ != nullptr) device_free(device_, block_);
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  Real* data() { return static_cast<Real*>(block_); }  ///< null where it is empty
  Values values() const {
    Values copy(count_);
    if (count_ > 0) copy_to_host(device_, copy.data(), block_, bytes());
    return copy;
  }

 private:
  std::size_t bytes() const { return count_ * sizeof(Real); }

  Device device_;
  std::size_t count_;
  void* block_;
};

struct Operands {
  std::vector<const Real*> in;
  std::vector<Real*> out;
};
using Compute = std::function<void(Device device, const Operands& operands)>;

/// compute() with copies of the inputs, and outputs of these lengths that hold NaN before; the
/// outputs.
inline std::vector<Values> run_on(Device device, const std::vector<Values>& in,
                                  const std::vector<Index>& out, const Compute& compute) {
  std::vector<std::unique_ptr<Array>> inputs, outputs;
  Operands operands;
  for (const Values& x : in) {
    inputs.push_back(std::make_unique<Array>(device, x));
    operands.in.push_back(inputs.back()->data());
  }
  for (const Index n : out) {
    const Values nothing(static_cast<std::size_t>(n), std::numeric_limits<Real>::quiet_NaN());
    outputs.push_back(std::make_unique<Array>(device, nothing));
    operands.out.push_back(outputs.back()->data());
  }
  compute(device, operands);
  std::vector<Values> results;
  for (const auto& y : outputs) results.push_back(y->values());
  return results;
}

/// Expects |a - b| <= bound, element by element.
inline void expect_close(const Values& a, const Values& b, const std::vector<double>& bound) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double error = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (error <= bound[i]) continue;
    FAIL() << "element " << i << ": " << a[i] << ", expected " << b[i] << " within " << bound[i];
  }
}
inline void expect_close(const Values& a, const Values& b, double bound) {
  expect_close(a, b, std::vector<double>(a.size(), bound));
}

/// |a - b| / |b|, Euclidean.
inline double relative_error(const Values& a, const Values& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    size += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(difference / size);
}

inline std::vector<double> times(double factor, const Values& x) {
  std::vector<double> result;
  for (const Real value : x) result.push_back(factor * static_cast<double>(value));
  return result;
}

}  // namespace ito::kernels::test
