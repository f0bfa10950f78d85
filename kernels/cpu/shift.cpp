// Shifts per channel and residuals, added to what a convolution or a matrix product has written.

#include "kernels/cpu/level.h"
#include "kernels/cpu/scratch.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Elements of a row, about: positions are taken together when channels are few.
constexpr Index row_elements = 128;

/// Rows [begin, end) of n elements, to each of which `shift` is added.
void add_rows(const Real* shift_row, const Real* residual, Real* y, Index n, Real scale,
              Index begin, Index end) {
  const Real* __restrict shift = shift_row;
  for (Index r = begin; r < end; ++r) {
    Real* __restrict row = y + r * n;
    if (residual == nullptr) {
      for (Index c = 0; c < n; ++c) row[c] = (row[c] + shift[c]) * scale;
    } else {
      const Real* __restrict other = residual + r * n;
      for (Index c = 0; c < n; ++c) row[c] = ((row[c] + shift[c]) + other[c]) * scale;
    }
  }
}

}  // namespace

void add_shift(Addend a, Real* y, Index N, Index S, Index C) {
  if (N * S * C == 0 || a.shift == nullptr) return;
  const bool per_image = a.per_image;
  const Index images = per_image ? N : 1;
  const Index positions = per_image ? S : N * S;  // that share a shift
  Index repeat = 1;
  while (positions % (2 * repeat) == 0 && 2 * repeat * C <= row_elements) repeat *= 2;
  const Index n = repeat * C, rows = positions / repeat;
  const Index grain = elementwise_grain / n + 1;
  const Index cuts = (rows + grain - 1) / grain;
  parallel_for(images * cuts, [=](Index i) {
    const Index image = i / cuts, begin = i % cuts * grain;
    const Scratch shifts(n);
    for (Index c = 0; c < n; ++c) shifts.data()[c] = a.shift[image * C + c % C];
    const Index start = image * positions * C;
    add_rows(shifts.data(), a.residual == nullptr ? nullptr : a.residual + start, y + start, n,
             a.scale, begin, smaller(rows, begin + grain));
  });
}

}  // namespace ito::kernels::ITO_LEVEL
