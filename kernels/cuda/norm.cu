// Group normalisation, with or without SiLU behind it.
//
// One pass gathers mean and M2 (sum of squared deviations) of each channel by Welford's recurrence,
// which does not cancel as sums of squares do; threads' and channels' moments are joined in double
// (Chan et al. 1979). A second pass normalises: x comes from the L2 then, where the image fits. Two
// reads, one write; the floor is one of each.

#include "kernels/cuda/norm_pieces.h"
#include "kernels/cuda/rows.h"
#include "kernels/math.h"

namespace ito::kernels::cuda {
namespace {

/// Count, mean and sum of squared deviations of some numbers.
struct Moments {
  double count, mean, m2;
};
struct Join {
  __device__ Moments operator()(const Moments& a, const Moments& b) const {
    const double count = a.count + b.count;
    if (count == 0) return a;
    const double difference = b.mean - a.mean, share = b.count / count;
    return {count, a.mean + difference * share,
            a.m2 + b.m2 + difference * difference * a.count * share};
  }
};

/// of_group[g], the moments of each group of the block; `of_thread` has Threads * Width.
template <int Threads, int Width>
__device__ inline void group_moments(const Pieces& p, const Part<Threads>& part, const Real* x,
                                     Moments* of_thread, Moments* of_group) {
  const auto thread = static_cast<int>(threadIdx.x);
  if (thread < part.groups) of_group[thread] = {0, 0, 0};
  for (int first = 0; first < part.channels(); first += p.columns * Width) {
    const int c = first + part.column * Width;
    Channels<Width> mean = {}, m2 = {};
    int count = 0;
    if (c < part.channels()) {
      for (int s = part.row; s < p.S; s += part.rows) {
        const Channels<Width> value = load_channels<Width>(x + static_cast<Index>(s) * p.C + c);
        const Real share = Real(1) / static_cast<Real>(++count);
        ITO_UNROLL
        for (int k = 0; k < Width; ++k) {
          const Real difference = value.v[k] - mean.v[k];
          mean.v[k] = fma_(difference, share, mean.v[k]);
          m2.v[k] = fma_(difference, value.v[k] - mean.v[k], m2.v[k]);
        }
      }
    }
    ITO_UNROLL
    for (int k = 0; k < Width; ++k) {
      of_thread[thread * Width + k] = {static_cast<double>(count), mean.v[k], m2.v[k]};
    }
    join_rows<Threads, Width>(p, part, of_thread, Join());
    const int last = min(first + p.columns * Width, part.channels());
    join_channels(part, first, last, of_group, Join(), [=](int i) { return of_thread[i - first]; });
  }
}

/// mean[g] and rstd[g] of the block's groups, for all of the block to read.
template <int Threads>
__device__ inline void write_statistics(const Part<Threads>& part, double eps,
                                        const Moments* of_group, Real* mean, Real* rstd) {
  const auto g = static_cast<int>(threadIdx.x);
  if (g < part.groups) {
    const Moments all = of_group[g];
    mean[g] = static_cast<Real>(all.mean);
    rstd[g] = static_cast<Real>(1 / sqrt_(all.m2 / all.count + eps));
  }
  __syncthreads();
}

/// Pointers to the block's first channel, or group.
struct NormInput {
  const Real *x, *mean, *rstd, *gamma, *beta;
};

template <int Threads, int Width, bool Silu>
__device__ inline void normalize(const Pieces& p, const Part<Threads>& part, const NormInput& in,
                                 Real* y) {
  for (int c = part.column * Width; c < part.channels(); c += p.columns * Width) {
    Lines<Width> lines(c, part.group, in);
    for (Line& line : lines.line) line.rstd *= line.gamma;
    for (int s = part.row; s < p.S; s += part.rows) {
      const Index at = static_cast<Index>(s) * p.C + c;
      Channels<Width> value = load_channels<Width>(in.x + at);
      ITO_UNROLL
      for (int k = 0; k < Width; ++k) {
        const Line& line = lines.line[k];
        const Real z = fma_(value.v[k] - line.mean, line.rstd, line.beta);
        value.v[k] = Silu ? silu_(z) : z;
      }
      *reinterpret_cast<Channels<Width>*>(y + at) = value;
    }
  }
}

template <int Threads, int Width, bool Silu>
__global__ void __launch_bounds__(Threads)
    norm_pieces(Pieces p, double eps, const Real* x, const Real* gamma, const Real* beta, Real* y,
                Real* mean, Real* rstd) {
  __shared__ Moments of_thread[Threads * Width], of_group[piece_channels];
  const Part<Threads> part(p);
  const Index start = part.start(p);
  const Index group = static_cast<Index>(part.image) * p.G + part.first_group;
  const Index channel = part.first_group * part.group;
  group_moments<Threads, Width>(p, part, x + start, of_thread, of_group);
  write_statistics(part, eps, of_group, mean + group, rstd + group);
  normalize<Threads, Width, Silu>(
      p, part,
      {x + start, mean + group, rstd + group, gamma == nullptr ? nullptr : gamma + channel,
       beta == nullptr ? nullptr : beta + channel},
      y + start);
}

}  // namespace

void group_norm(Norm s, const Real* x, const Real* gamma, const Real* beta, Real* y, Real* mean,
                Real* rstd) {
  if (s.N * s.S * s.C == 0) return;
  const bool fours = norm_in_fours(s) && in_fours(s.C, x) && in_fours(s.C, y);
  with_choice(fours, s.silu, [&](auto width, auto silu) {
    const Pieces p = pieces_for<width.value>(s);
    launch("group_norm", norm_pieces<block_threads, width.value, silu.value>,
           dim3(static_cast<unsigned>(s.N * p.pieces)), block_threads, 0, p, s.eps, x, gamma, beta,
           y, mean, rstd);
  });
}

}  // namespace ito::kernels::cuda
