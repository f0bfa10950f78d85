// Upsample, filter, downsample: the FIR resampling of StyleGAN2 and NCSN++.

#include "kernels/cpu/level.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// The sample under tap i of output `out` on an axis of `size` samples, or -1 where the upsampled
/// and padded axis holds a zero.
Index sample_index(Index out, Index tap, Index size, Index pad, const Fir& s) {
  const Index i = out * s.down + tap - pad;
  return i >= 0 && i % s.up == 0 && i / s.up < size ? i / s.up : -1;
}

/// One output row y[Q, C] of an image x[H, W, C]. Taps are added in the order of the samples.
void filter_row(const Fir& s, const Real* x, const Real* k, Index p, Real* y) {
  for (Index i = 0; i < s.Q * s.C; ++i) y[i] = 0;
  for (Index i = 0; i < s.KH; ++i) {
    const Index h = sample_index(p, i, s.H, s.pad_y, s);
    if (h < 0) continue;
    for (Index j = 0; j < s.KW; ++j) {
      const Real weight = s.flip ? k[i * s.KW + j] : k[(s.KH - 1 - i) * s.KW + (s.KW - 1 - j)];
      for (Index q = 0; q < s.Q; ++q) {
        const Index w = sample_index(q, j, s.W, s.pad_x, s);
        if (w < 0) continue;
        const Real* in = x + (h * s.W + w) * s.C;
        Real* out = y + q * s.C;
        for (Index c = 0; c < s.C; ++c) out[c] += weight * in[c];
      }
    }
  }
}

}  // namespace

void upfirdn2d(Fir s, const Real* x, const Real* k, Real* y) {
  const Index grain = 1 + elementwise_grain / (1 + s.Q * s.C * s.KH * s.KW);
  parallel_ranges(s.N * s.P, grain, [&](Index first, Index last) {
    for (Index row = first; row < last; ++row) {
      filter_row(s, x + row / s.P * s.H * s.W * s.C, k, row % s.P, y + row * s.Q * s.C);
    }
  });
}

}  // namespace ito::kernels::ITO_LEVEL
