#pragma once
// How kernels share work among threads. It is cut into `pieces` that do not depend on the number of
// threads, so results do not either.
//
// Everything here has internal linkage: this header is compiled once per SIMD level, and the linker
// must not merge those copies.

#include "kernels/threads.h"
#include "kernels/types.h"

namespace ito::kernels {
namespace {

/// std::min, whose copies the linker could merge.
inline Index smaller(Index a, Index b) { return a < b ? a : b; }

/// Calls f(i) for i in [0, pieces); in parallel when there is more than one piece. `f` must not
/// throw. Nested calls run serially.
template <class F>
inline void parallel_for(Index pieces, const F& f) {
  const auto one = [](const void* context, Index i) { (*static_cast<const F*>(context))(i); };
  run_pieces(pieces, one, &f);
}

/// Cuts [0, n) into ranges of `grain` elements and calls f(begin, end) for each.
template <class F>
inline void parallel_ranges(Index n, Index grain, const F& f) {
  const Index pieces = (n + grain - 1) / grain;
  parallel_for(pieces, [&](Index i) {
    const Index begin = i * grain;
    f(begin, smaller(begin + grain, n));
  });
}

/// Elements of cheap elementwise work worth giving to a thread.
[[maybe_unused]] constexpr Index elementwise_grain = 16384;

}  // namespace
}  // namespace ito::kernels
