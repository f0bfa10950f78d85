#pragma once
// How group normalisation and its gradient divide their work.
//
// A block takes some whole groups of one image, about 32 channels: a line of 128 bytes at each
// position. Its threads stand in rows: along the channels, four each where these are multiples of
// four, and down the positions, `rows` apart. So reads are whole lines whatever the width of a
// group. What the threads gather is joined by halves over the rows, then in order over the channels
// of a group.

#include "kernels/cuda/four.h"
#include "kernels/types.h"

namespace ito::kernels::cuda {
namespace {

constexpr Index piece_channels = 32;

/// How the work on x[N, S, C] is divided.
struct Pieces {
  int S, C, G;
  int groups;   ///< of a piece (fewer in an image's last)
  int pieces;   ///< of an image
  int columns;  ///< threads along the channels
};

template <int Width>
Pieces pieces_for(const Norm& s) {
  const Index group = s.C / s.G;
  const Index groups = group < piece_channels ? piece_channels / group : 1;
  const Index columns = pieces_of(groups * group, Width);
  int power = 1;
  while (power < columns && power < warp_threads) power *= 2;
  return {static_cast<int>(s.S),
          static_cast<int>(s.C),
          static_cast<int>(s.G),
          static_cast<int>(groups),
          static_cast<int>(pieces_of(s.G, groups)),
          power};
}

/// The part of a block, and of a thread in it.
template <int Threads>
struct Part {
  int image, first_group, groups, group;  ///< group: its channels
  int column, row, rows;

  __device__ explicit Part(const Pieces& p) {
    const auto block = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
    image = block / p.pieces;
    first_group = block % p.pieces * p.groups;
    groups = p.G - first_group < p.groups ? p.G - first_group : p.groups;
    group = p.C / p.G;
    column = thread % p.columns;
    row = thread / p.columns;
    rows = Threads / p.columns;
  }
  __device__ int channels() const { return groups * group; }
  __device__ Index start(const Pieces& p) const {  ///< of the block's first channel, position 0
    return static_cast<Index>(image) * p.S * p.C + first_group * group;
  }
};

template <int Width>
struct Channels {
  Real v[Width];
};
template <>
struct Channels<4> : Four {};

template <int Width>
__device__ inline Channels<Width> load_channels(const Real* p) {
  return *reinterpret_cast<const Channels<Width>*>(p);
}

/// of_thread[column * Width + k] = join over the rows of what each thread has there, by halves. All
/// threads take part; the results are there when it returns.
template <int Threads, int Width, class T, class Join>
__device__ inline void join_rows(const Pieces& p, const Part<Threads>& part, T* of_thread,
                                 const Join& join) {
  __syncthreads();
  for (int half = part.rows / 2; half > 0; half /= 2) {
    if (part.row < half) {
      const int mine = static_cast<int>(threadIdx.x) * Width,
                other = mine + half * p.columns * Width;
      for (int k = 0; k < Width; ++k)
        of_thread[mine + k] = join(of_thread[mine + k], of_thread[other + k]);
    }
    __syncthreads();
  }
}

/// of_group[g] = join of value(c) over the channels c of group g that are among [first, last) too,
/// in order; it holds what came of channels before. A thread to each group.
template <int Threads, class T, class Join, class Value>
__device__ inline void join_channels(const Part<Threads>& part, int first, int last, T* of_group,
                                     const Join& join, const Value& value) {
  const auto g = static_cast<int>(threadIdx.x);
  if (g < part.groups) {
    const int begin = max(first, g * part.group), end = min(last, (g + 1) * part.group);
    for (int c = begin; c < end; ++c) of_group[g] = join(of_group[g], value(c));
  }
  __syncthreads();
}

/// What a channel's numbers are normalised with.
struct Line {
  Real mean, rstd, gamma, beta;
};
__device__ inline Line line_of(int c, int group, const Real* mean, const Real* rstd,
                               const Real* gamma, const Real* beta) {
  return {mean[c / group], rstd[c / group], gamma == nullptr ? Real(1) : gamma[c],
          beta == nullptr ? Real(0) : beta[c]};
}

/// Those of neighbouring channels.
template <int Width>
struct Lines {
  Line line[Width];
  template <class Input>
  __device__ Lines(int c, int group, const Input& in) {
    ITO_UNROLL
    for (int k = 0; k < Width; ++k) {
      line[k] = line_of(c + k, group, in.mean, in.rstd, in.gamma, in.beta);
    }
  }
};

/// f(width of reads, whether there is a SiLU), as constants.
template <class F>
void with_choice(bool fours, bool silu, const F& f) {
  const auto with = [&](auto width) {
    silu ? f(width, std::true_type()) : f(width, std::false_type());
  };
  fours ? with(std::integral_constant<int, 4>()) : with(std::integral_constant<int, 1>());
}

/// Fours do not straddle pieces: a piece's channels are a multiple of four, or the piece is all.
bool norm_in_fours(const Norm& s) {
  const Pieces p = pieces_for<1>(s);
  return s.C % 4 == 0 && (p.pieces == 1 || p.groups * (p.C / p.G) % 4 == 0);
}

}  // namespace
}  // namespace ito::kernels::cuda
