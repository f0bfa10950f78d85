#pragma once
// Loop nests over strided operands. Internal linkage, as everything in kernels/cpu.

#include "kernels/cpu/parallel.h"
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

/// Where a run of the inner axis starts.
struct Offsets {
  Index a = 0, b = 0, y = 0;
};

inline Offsets offsets_of_row(const Strided& s, Index row) {
  Offsets at;
  for (int i = s.rank - 2; i >= 0; --i) {
    const Index k = row % s.size[i];
    row /= s.size[i];
    at.a += k * s.a[i];
    at.b += k * s.b[i];
    at.y += k * s.y[i];
  }
  return at;
}

/// `steps` further along an axis.
inline Offsets moved(Offsets at, const Strided& s, int axis, Index steps) {
  return {at.a + steps * s.a[axis], at.b + steps * s.b[axis], at.y + steps * s.y[axis]};
}

/// Calls run(offsets, count) for pieces of the inner axis that together make up the nest, in
/// parallel: several rows to a thread when they are short, several pieces of a row when it is long.
template <class F>
inline void for_each_run(const Strided& s, const F& run) {
  const int last = s.rank - 1;
  const Index inner = s.size[last];
  Index rows = 1;
  for (int i = 0; i < last; ++i) rows *= s.size[i];
  if (inner == 0 || rows == 0) return;
  const Index row_pieces = (inner + elementwise_grain - 1) / elementwise_grain;
  const Index grain = inner < elementwise_grain ? elementwise_grain / inner : 1;
  if (row_pieces > 1) {
    parallel_for(rows * row_pieces, [&](Index piece) {
      const Index first = piece % row_pieces * elementwise_grain;
      const Offsets at = moved(offsets_of_row(s, piece / row_pieces), s, last, first);
      run(at, smaller(elementwise_grain, inner - first));
    });
    return;
  }
  parallel_ranges(rows, grain, [&](Index begin, Index end) {
    const Index next = last > 0 ? s.size[last - 1] : 1;  // rows that lie at even distances
    for (Index row = begin; row < end;) {
      Offsets at = offsets_of_row(s, row);
      for (const Index stop = smaller(end, row / next * next + next); row < stop; ++row) {
        run(at, inner);
        if (last > 0) at = moved(at, s, last - 1, 1);
      }
    }
  });
}

}  // namespace
}  // namespace ito::kernels
