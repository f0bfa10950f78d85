// The gradient of group normalisation. With normal = (x - mean) rstd and dz = dy silu'(z), one pass
// sums dz and dz normal per channel, a second makes dz again and writes
//   dx = rstd (gamma dz - mean(gamma dz) - normal mean(gamma dz normal)),  means over the group.
// dgamma and dbeta are the channels' sums added over the images, in order, in double. Four reads,
// one write; the floor is two reads.

#include "kernels/cuda/norm_pieces.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/scratch.h"
#include "kernels/math.h"

namespace ito::kernels::cuda {
namespace {

/// dz and the normalised x of one number.
struct Cotangent {
  Real dz, normal;
};
template <bool Silu>
__device__ inline Cotangent cotangent_of(const Line& line, Real x, Real dy) {
  const Real normal = (x - line.mean) * line.rstd;
  const Real z = fma_(normal, line.gamma, line.beta);
  return {Silu ? dy * silu_slope_(z) : dy, normal};
}

/// A channel's sums over the positions of dz and of dz normal.
struct Sums {
  double dz, dz_normal;
};
struct AddSums {
  __device__ Sums operator()(const Sums& a, const Sums& b) const {
    return {a.dz + b.dz, a.dz_normal + b.dz_normal};
  }
};

/// What a block's gradient is made of: pointers to the block's first channel, or group.
struct GradInput {
  const Real *x, *dy, *mean, *rstd, *gamma, *beta;
};

/// to[c], the sums of each channel of the block, and of_group[g], those of each group with each
/// channel's times its gamma; `of_thread` has Threads * Width.
template <int Threads, int Width, bool Silu>
__device__ inline void gather_sums(const Pieces& p, const Part<Threads>& part, const GradInput& in,
                                   Sums* of_thread, Sums* of_group, Sums* to) {
  const auto thread = static_cast<int>(threadIdx.x);
  if (thread < part.groups) of_group[thread] = {0, 0};
  for (int first = 0; first < part.channels(); first += p.columns * Width) {
    const int c = first + part.column * Width;
    Channels<Width> dz = {}, dz_normal = {};
    if (c < part.channels()) {
      const Lines<Width> lines(c, part.group, in);
      for (int s = part.row; s < p.S; s += part.rows) {
        const Index at = static_cast<Index>(s) * p.C + c;
        const auto x = load_channels<Width>(in.x + at), dy = load_channels<Width>(in.dy + at);
        ITO_UNROLL
        for (int k = 0; k < Width; ++k) {
          const Cotangent t = cotangent_of<Silu>(lines.line[k], x.v[k], dy.v[k]);
          dz.v[k] += t.dz;
          dz_normal.v[k] = fma_(t.dz, t.normal, dz_normal.v[k]);
        }
      }
    }
    ITO_UNROLL
    for (int k = 0; k < Width; ++k) of_thread[thread * Width + k] = {dz.v[k], dz_normal.v[k]};
    join_rows<Threads, Width>(p, part, of_thread, AddSums());
    if (part.row == 0 && c < part.channels()) {
      for (int k = 0; k < Width; ++k) to[c + k] = of_thread[thread * Width + k];
    }
    const int last = min(first + p.columns * Width, part.channels());
    join_channels(part, first, last, of_group, AddSums(), [=](int i) {
      const double gamma = in.gamma == nullptr ? 1.0 : static_cast<double>(in.gamma[i]);
      return Sums{gamma * of_thread[i - first].dz, gamma * of_thread[i - first].dz_normal};
    });
  }
}

/// dx of the block's channels.
template <int Threads, int Width, bool Silu>
__device__ inline void write_grads(const Pieces& p, const Part<Threads>& part, const GradInput& in,
                                   double share, const Sums* of_group, Real* dx) {
  for (int c = part.column * Width; c < part.channels(); c += p.columns * Width) {
    Channels<Width> mean_dz, mean_dz_normal;
    ITO_UNROLL
    for (int k = 0; k < Width; ++k) {
      const Sums sums = of_group[(c + k) / part.group];
      mean_dz.v[k] = static_cast<Real>(sums.dz * share);
      mean_dz_normal.v[k] = static_cast<Real>(sums.dz_normal * share);
    }
    const Lines<Width> lines(c, part.group, in);
    for (int s = part.row; s < p.S; s += part.rows) {
      const Index at = static_cast<Index>(s) * p.C + c;
      const auto x = load_channels<Width>(in.x + at), dy = load_channels<Width>(in.dy + at);
      Channels<Width> out;
      ITO_UNROLL
      for (int k = 0; k < Width; ++k) {
        const Line& line = lines.line[k];
        const Cotangent t = cotangent_of<Silu>(line, x.v[k], dy.v[k]);
        const Real centred = fma_(t.dz, line.gamma, -mean_dz.v[k]);
        out.v[k] = line.rstd * fma_(-t.normal, mean_dz_normal.v[k], centred);
      }
      *reinterpret_cast<Channels<Width>*>(dx + at) = out;
    }
  }
}

/// dx, and the channels' sums to sums[image][C]; `share` is 1 / (numbers of a group).
template <int Threads, int Width, bool Silu>
__global__ void __launch_bounds__(Threads, 2)
    norm_grad_pieces(Pieces p, double share, GradInput all, Real* dx, Sums* sums) {
  __shared__ Sums of_thread[Threads * Width], of_group[piece_channels];
  const Part<Threads> part(p);
  const Index start = part.start(p), image = part.image;
  const Index group = image * p.G + part.first_group, channel = part.first_group * part.group;
  const GradInput in = {all.x + start,
                        all.dy + start,
                        all.mean + group,
                        all.rstd + group,
                        all.gamma == nullptr ? nullptr : all.gamma + channel,
                        all.beta == nullptr ? nullptr : all.beta + channel};
  gather_sums<Threads, Width, Silu>(p, part, in, of_thread, of_group, sums + image * p.C + channel);
  write_grads<Threads, Width, Silu>(p, part, in, share, of_group, dx + start);
}

/// dbeta[C] and dgamma[C], where they are wanted: the sums over images, in order.
template <int Threads>
__global__ void add_images(const Sums* sums, Index images, Index C, Real* dgamma, Real* dbeta) {
  const Index c = static_cast<Index>(blockIdx.x) * Threads + threadIdx.x;
  if (c >= C) return;
  Sums all = {};
  for (Index n = 0; n < images; ++n) all = AddSums()(all, sums[n * C + c]);
  if (dbeta != nullptr) dbeta[c] = static_cast<Real>(all.dz);
  if (dgamma != nullptr) dgamma[c] = static_cast<Real>(all.dz_normal);
}

}  // namespace

void group_norm_grad(Norm s, const Real* x, const Real* gamma, const Real* beta, const Real* mean,
                     const Real* rstd, const Real* dy, Real* dx, Real* dgamma, Real* dbeta) {
  const Scratch<Sums> sums(s.N * s.C + 1, "group_norm_grad");
  if (s.N * s.S * s.C > 0) {
    const bool fours =
        norm_in_fours(s) && in_fours(s.C, x) && in_fours(s.C, dy) && in_fours(s.C, dx);
    const double share = 1 / static_cast<double>(s.S * (s.C / s.G));
    with_choice(fours, s.silu, [&](auto width, auto silu) {
      const Pieces p = pieces_for<width.value>(s);
      launch("group_norm_grad", norm_grad_pieces<block_threads, width.value, silu.value>,
             dim3(static_cast<unsigned>(s.N * p.pieces)), block_threads, 0, p, share,
             GradInput{x, dy, mean, rstd, gamma, beta}, dx, sums.data());
    });
  }
  if (dgamma == nullptr && dbeta == nullptr) return;
  launch("group_norm_grad: add_images", add_images<block_threads>, blocks_of(s.C, block_threads),
         block_threads, 0, sums.data(), s.N * s.S == 0 ? 0 : s.N, s.C, dgamma, dbeta);
}

}  // namespace ito::kernels::cuda
