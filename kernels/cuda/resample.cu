// Upsample, filter, downsample: the FIR resampling of StyleGAN2 and NCSN++. A thread computes four
// channels of one output, 16 bytes a read: the taps that meet a sample, in the order of the
// samples. Each sample is read by KH KW / up^2 outputs of neighbouring threads, after the first
// time from a cache, so that main memory sees x and y once.

#include "kernels/cuda/four.h"
#include "kernels/cuda/rows.h"

namespace ito::kernels::cuda {
namespace {

/// The geometry in numbers of 32 bits, which a device divides in a tenth of the time.
struct Sizes {
  int H, W, C, KH, KW, P, Q, up, down, pad_y, pad_x;
  bool flip;
};
Sizes sizes_of(const Fir& s) {
  const auto n = [](Index i) { return static_cast<int>(i); };
  return {n(s.H), n(s.W),  n(s.C),    n(s.KH),    n(s.KW),    n(s.P),
          n(s.Q), n(s.up), n(s.down), n(s.pad_y), n(s.pad_x), s.flip};
}

/// Of the taps that output `out` has on an axis, the first that meets a sample, and this sample.
/// The next tap that does is `up` further and meets the next sample.
struct FirstTap {
  int tap, sample;
};
__device__ inline FirstTap first_tap(int out, int pad, int up, int down) {
  const int start = out * down - pad;
  const int tap = ((-start) % up + up) % up;
  return {tap, (start + tap) / up};
}

__device__ inline void add_scaled(Real weight, const Real* x, Real& sum) {
  sum = fma_(weight, *x, sum);
}
__device__ inline void add_scaled(Real weight, const Real* x, Four& sum) {
  const Four four = load_four(x);
  ITO_UNROLL
  for (int j = 0; j < 4; ++j) sum.v[j] = fma_(weight, four.v[j], sum.v[j]);
}

/// `Sum`: Real or Four. Each output row [Q, C] takes `blocks` blocks.
template <int Threads, class Sum>
__global__ void __launch_bounds__(Threads)
    filter_rows(Sizes s, int blocks, const Real* x, const Real* k, Real* y) {
  constexpr int width = sizeof(Sum) / sizeof(Real);
  const int row = static_cast<int>(blockIdx.x) / blocks, p = row % s.P;
  const int i =
      (static_cast<int>(blockIdx.x) % blocks * Threads + static_cast<int>(threadIdx.x)) * width;
  if (i >= s.Q * s.C) return;
  const int q = i / s.C, c = i % s.C;
  const Real* const image = x + static_cast<Index>(row / s.P) * s.H * s.W * s.C + c;
  const FirstTap in_y = first_tap(p, s.pad_y, s.up, s.down);
  const FirstTap in_x = first_tap(q, s.pad_x, s.up, s.down);
  Sum sum = {};
  for (int a = in_y.tap, h = in_y.sample; a < s.KH; a += s.up, ++h) {
    if (h < 0 || h >= s.H) continue;
    for (int b = in_x.tap, w = in_x.sample; b < s.KW; b += s.up, ++w) {
      if (w < 0 || w >= s.W) continue;
      const int tap = s.flip ? a * s.KW + b : (s.KH - 1 - a) * s.KW + (s.KW - 1 - b);
      add_scaled(k[tap], image + static_cast<Index>(h * s.W + w) * s.C, sum);
    }
  }
  *reinterpret_cast<Sum*>(y + static_cast<Index>(row) * s.Q * s.C + i) = sum;
}

template <class Sum>
void filter(const Fir& s, const Real* x, const Real* k, Real* y) {
  constexpr Index of_block = block_threads * static_cast<Index>(sizeof(Sum) / sizeof(Real));
  const Index blocks = pieces_of(s.Q * s.C, of_block);
  launch("upfirdn2d", filter_rows<block_threads, Sum>,
         dim3(static_cast<unsigned>(s.N * s.P * blocks)), block_threads, 0, sizes_of(s),
         static_cast<int>(blocks), x, k, y);
}

}  // namespace

void upfirdn2d(Fir s, const Real* x, const Real* k, Real* y) {
  in_fours(s.C, x) && in_fours(s.C, y) ? filter<Four>(s, x, k, y) : filter<Real>(s, x, k, y);
}

}  // namespace ito::kernels::cuda
