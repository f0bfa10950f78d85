#pragma once
// Loop nests over strided operands, in runs of the inner axis. Internal linkage, as everything in
// kernels/cpu.

#include "kernels/cpu/parallel.h"
#include "kernels/loop_nest.h"

namespace ito::kernels {
namespace {

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
