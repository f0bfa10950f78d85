#pragma once
// Loop nests over strided operands, as every back end cuts them. Internal linkage: kernels/cpu is
// compiled once per SIMD level.

#include "kernels/types.h"

namespace ito::kernels {
namespace {

/// The same loop nest with neighbouring axes joined wherever all operands allow it, and without
/// axes of size 1; never of rank 0. Long inner loops come of it.
inline Strided joined(const Strided& s) {
  Strided out;
  for (int i = 0; i < s.rank; ++i) {
    if (s.size[i] == 1) continue;
    const int last = out.rank - 1;
    const bool joins = last >= 0 && out.a[last] == s.a[i] * s.size[i] &&
                       out.b[last] == s.b[i] * s.size[i] && out.y[last] == s.y[i] * s.size[i];
    const int at = joins ? last : out.rank++;
    out.size[at] = joins ? out.size[last] * s.size[i] : s.size[i];
    out.a[at] = s.a[i];
    out.b[at] = s.b[i];
    out.y[at] = s.y[i];
  }
  if (out.rank == 0) {
    out.rank = 1;
    out.size[0] = 1;
  }
  return out;
}

}  // namespace
}  // namespace ito::kernels
