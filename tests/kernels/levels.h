#pragma once
// Runs a check once for each SIMD level of this machine.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace ito::kernels {

/// Calls f(name of the level) with each level chosen in turn, then restores the choice.
template <class F>
void for_each_level(const F& f) {
  const std::string before = simd_level();
  int count = 0;
  const char* const* names = simd_levels(&count);
  for (int i = 0; i < count; ++i) {
    SCOPED_TRACE(names[i]);
    ASSERT_TRUE(set_simd_level(names[i]));
    f(std::string(names[i]));
  }
  ASSERT_TRUE(set_simd_level(before.c_str()));
}

inline Index length(const std::vector<Real>& x) { return static_cast<Index>(x.size()); }

}  // namespace ito::kernels
