#include "everywhere.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "kernels/kernels.h"
#include "kernels/threads.h"

namespace ito::kernels::test {
namespace {

constexpr std::size_t band = 67;  // odd: outputs are not aligned to vectors
constexpr Real sentinel = Real(-12345.5);

/// Outputs between guard bands.
class Guarded {
 public:
  explicit Guarded(const Values& initial) : memory_(initial.size() + 2 * band, sentinel) {
    std::copy(initial.begin(), initial.end(), memory_.begin() + band);
  }
  Real* data() { return memory_.data() + band; }
  Values values() const { return {memory_.begin() + band, memory_.end() - band}; }
  bool intact() const {
    for (std::size_t i = 0; i < band; ++i) {
      if (memory_[i] != sentinel || memory_[memory_.size() - 1 - i] != sentinel) return false;
    }
    return true;
  }

 private:
  Values memory_;
};

std::vector<Values> run(const std::vector<Values>& initial,
                        const std::function<void(const std::vector<Real*>& y)>& compute) {
  std::vector<Guarded> guarded(initial.begin(), initial.end());
  std::vector<Real*> y;
  for (Guarded& g : guarded) y.push_back(g.data());
  compute(y);
  std::vector<Values> outputs;
  for (const Guarded& g : guarded) {
    EXPECT_TRUE(g.intact()) << "wrote outside its output";
    outputs.push_back(g.values());
  }
  return outputs;
}

void expect_same(const std::vector<Values>& a, const std::vector<Values>& b,
                 const std::string& what) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    expect_same_bits(a[i].data(), b[i].data(), static_cast<Index>(a[i].size()), what);
  }
}

}  // namespace

Values values(std::uint64_t seed, Index n) {
  Values result(static_cast<std::size_t>(n));
  std::uint64_t state = seed * 2862933555777941757ULL + 3037000493ULL;
  for (Real& value : result) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    value = static_cast<Real>(static_cast<double>(state >> 40) * 0x1p-23 - 1);
  }
  return result;
}

void for_each_level(const std::function<void(const std::string&)>& f) {
  const std::string chosen = simd_level();
  int count = 0;
  const char* const* names = simd_levels(&count);
  for (int i = 0; i < count; ++i) {
    SCOPED_TRACE(names[i]);
    ASSERT_TRUE(set_simd_level(names[i]));
    f(names[i]);
  }
  ASSERT_TRUE(set_simd_level(chosen.c_str()));
}

std::vector<Result> run_everywhere(
    const std::vector<Values>& initial,
    const std::function<void(const std::vector<Real*>& y)>& compute) {
  const int threads_before = threads();
  std::vector<Result> results;
  for_each_level([&](const std::string& level) {
    set_threads(1);
    results.push_back({level, run(initial, compute)});
    for (const int n : {2, 3}) {
      set_threads(n);
      expect_same(results.back().outputs, run(initial, compute),
                  "1 and " + std::to_string(n) + " threads");
    }
  });
  set_threads(threads_before);
  if (results.size() == 3) expect_same(results[1].outputs, results[2].outputs, "v3 and v4");
  return results;
}

void expect_close(const std::vector<Result>& results, std::size_t output,
                  const std::vector<Exact>& exact, const std::vector<Exact>& bound) {
  for (const Result& result : results) {
    const Values& y = result.outputs.at(output);
    ASSERT_EQ(y.size(), exact.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      const Exact error = std::fabs(static_cast<Exact>(y[i]) - exact[i]);
      if (error <= bound[i]) continue;
      FAIL() << result.level << ", output " << output << ", element " << i << ": " << y[i]
             << ", expected " << exact[i] << " within " << bound[i];
    }
  }
}

void expect_close(const std::vector<Result>& results, std::size_t output,
                  const std::vector<Exact>& exact, Exact bound) {
  expect_close(results, output, exact, std::vector<Exact>(exact.size(), bound));
}

void expect_same_bits(const Real* a, const Real* b, Index n, const std::string& what) {
  for (Index i = 0; i < n; ++i) {
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): bits are compared, NaN and -0 too
    if (std::memcmp(a + i, b + i, sizeof(Real)) == 0) continue;
    FAIL() << what << ": element " << i << " is " << a[i] << " and " << b[i];
  }
}

}  // namespace ito::kernels::test
