#pragma once
// Runs a kernel at every SIMD level and with 1, 2 and 3 threads, between guard bands, and holds
// what all kernels promise: the same bits for every number of threads and for v3 and v4, nothing
// written outside the outputs, everything written inside.

#include <functional>
#include <string>
#include <vector>

#include "kernels/types.h"

namespace ito::kernels::test {

using Values = std::vector<Real>;
using Exact = long double;

/// Unit roundoff of Real.
constexpr Exact roundoff = sizeof(Real) == 4 ? 0x1p-24L : 0x1p-53L;

/// `n` values in [-1, 1), a function of the seed alone.
Values values(std::uint64_t seed, Index n);

inline Index length(const std::vector<Real>& x) { return static_cast<Index>(x.size()); }

/// Calls f(name of the level) with each level chosen in turn, then restores the choice.
void for_each_level(const std::function<void(const std::string&)>& f);

/// What one level computed: the outputs in order.
struct Result {
  std::string level;
  std::vector<Values> outputs;
};

/// Calls compute(y), y[i] pointing to outputs that hold `initial[i]`, everywhere; the results of
/// the levels.
std::vector<Result> run_everywhere(const std::vector<Values>& initial,
                                   const std::function<void(const std::vector<Real*>& y)>& compute);

/// Expects |value - exact| <= bound, element by element, at every level of `results`.
void expect_close(const std::vector<Result>& results, std::size_t output,
                  const std::vector<Exact>& exact, const std::vector<Exact>& bound);
void expect_close(const std::vector<Result>& results, std::size_t output,
                  const std::vector<Exact>& exact, Exact bound);

/// Expects equal bits.
void expect_same_bits(const Real* a, const Real* b, Index n, const std::string& what);

}  // namespace ito::kernels::test
