// Group normalisation, with or without SiLU behind it, and its gradient.

#include "kernels/cpu/channels.h"
#include "kernels/cpu/level.h"
#include "kernels/cpu/past_caches.h"
#include "kernels/math.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// The arguments of one piece: each pointer is where the piece's part starts.
struct Input {
  const Real* x;
  const Real* gamma;  ///< or null
  const Real* beta;   ///< or null
};

Input input_of(const Piece& p, const Real* x, const Real* gamma, const Real* beta) {
  return {x + p.image * p.S * p.C + p.first, gamma == nullptr ? nullptr : gamma + p.first,
          beta == nullptr ? nullptr : beta + p.first};
}

/// What normalises a row: z = (x - center) slope + shift, slope = inverse gamma.
class RowScale {
 public:
  RowScale(const Piece& p, const Input& in, const Real* mean, const Real* rstd)
      : memory_(3 * p.row() + p.channels), row_(p.row()) {
    fill_by_group(p, inverse(), [rstd](Index g) { return rstd[g]; });
    fill_by_group(p, center(), [mean](Index g) { return mean[g]; });
    repeat_channels(p, center());
    fill_row(p, slope(), [&, of_group = inverse()](Index c) {
      return in.gamma == nullptr ? of_group[c] : of_group[c] * in.gamma[c];
    });
    fill_row(p, shift(), [&](Index c) { return in.beta == nullptr ? Real(0) : in.beta[c]; });
  }
  Real* center() const { return memory_.data(); }
  Real* slope() const { return memory_.data() + row_; }
  Real* shift() const { return memory_.data() + 2 * row_; }
  Real* inverse() const { return memory_.data() + 3 * row_; }  ///< of each channel once

 private:
  Scratch memory_;
  Index row_;
};

/// Of each column of a run of rows, the sums of d and d^2, d its distance from the first row.
struct RunSums {
  Real* d;
  Real* square;
};

/// Adds `rows` rows, in pairs: the more at a time, the fewer loads and stores of sums.
template <int rows>
void add_rows(Index n, const Real* __restrict first, const Real* __restrict x, Index stride,
              const RunSums& to) {
  Real* __restrict sum = to.d;
  Real* __restrict square = to.square;
  ITO_INDEPENDENT
  for (Index c = 0; c < n; ++c) {
    Real of_d = sum[c], of_square = square[c];
    for (int r = 0; r + 1 < rows; r += 2) {
      const Real d = x[r * stride + c] - first[c], e = x[(r + 1) * stride + c] - first[c];
      of_d += d + e;
      of_square = fma_(e, e, fma_(d, d, of_square));
    }
    if (rows % 2 == 1) {
      const Real d = x[(rows - 1) * stride + c] - first[c];
      of_d += d;
      of_square = fma_(d, d, of_square);
    }
    sum[c] = of_d;
    square[c] = of_square;
  }
}

constexpr Index cache_line = 64 / static_cast<Index>(sizeof(Real));

/// Asks for rows ahead of their turn: what reads four rows at once is no stream to the processor.
void sum_run(const Piece& p, const Real* x, Index rows, const RunSums& sums) {
  const Index n = p.row(), stride = p.stride();
  for (Index c = 0; c < n; ++c) sums.d[c] = sums.square[c] = 0;
  Index r = 1;
  for (; r + 4 <= rows; r += 4) {
    for (Index ahead = r + 8; ahead < r + 12; ++ahead) {
      for (Index c = 0; c < n; c += cache_line) __builtin_prefetch(x + ahead * stride + c);
    }
    add_rows<4>(n, x, x + r * stride, stride, sums);
  }
  for (; r + 2 <= rows; r += 2) add_rows<2>(n, x, x + r * stride, stride, sums);
  if (r < rows) add_rows<1>(n, x, x + r * stride, stride, sums);
}

/// Per channel of a piece: the sums of x - origin and of its square.
struct ChannelMoments {
  double* sum;
  double* square;
};

/// Adds a run of `rows` rows, first being its first, of which `sums` are known.
void add_run(const Piece& p, Index rows, const Real* first, const RunSums& sums,
             const double* __restrict origin, const ChannelMoments& to) {
  const auto count = static_cast<double>(rows);
  double* __restrict sum = to.sum;
  double* __restrict square = to.square;
  for (Index c = 0; c < p.row(); c += p.channels) {
    ITO_INDEPENDENT
    for (Index i = 0; i < p.channels; ++i) {
      const auto d = static_cast<double>(sums.d[c + i]);
      const double shift = static_cast<double>(first[c + i]) - origin[i];
      sum[i] += d + count * shift;
      square[i] += static_cast<double>(sums.square[c + i]) + shift * (2 * d + count * shift);
    }
  }
}

/// Means and 1 / sqrt(variance + eps) of the groups of a piece, in one pass: the squares are summed
/// about the first row of each run and these about the first element of the group. Neither can be
/// far off: a sample lies within sqrt(n - 1) standard deviations of the mean of its n (Samuelson
/// 1968), and mostly within two.
void group_moments(const Piece& p, double eps, const Real* x, Real* mean, Real* rstd) {
  const ScratchOf<double> memory(3 * p.channels);
  double* const origin = memory.data();
  const ChannelMoments total = {origin + p.channels, origin + 2 * p.channels};
  for (Index c = 0; c < p.channels; ++c) total.sum[c] = total.square[c] = 0;
  for (Index g = 0; g < p.channels; g += p.width) {
    for (Index c = g; c < g + p.width; ++c) origin[c] = static_cast<double>(x[g]);
  }
  const Scratch run(2 * p.row());
  const RunSums sums = {run.data(), run.data() + p.row()};
  for (Index begin = 0; begin < p.rows(); begin += sum_rows) {
    const Index rows = smaller(sum_rows, p.rows() - begin);
    const Real* const first = x + begin * p.stride();
    sum_run(p, first, rows, sums);
    add_run(p, rows, first, sums, origin, total);
  }
  group_means(p, total.sum);
  group_means(p, total.square);
  for (Index g = 0; g < p.groups(); ++g) {
    const Index c = g * p.width;
    const double variance = total.square[c] - total.sum[c] * total.sum[c];
    mean[g] = static_cast<Real>(origin[c] + total.sum[c]);
    rstd[g] = static_cast<Real>(1 / sqrt_((variance > 0 ? variance : 0) + eps));
  }
}

/// Asks for the piece that is worked on next meanwhile: here arithmetic is the limit, not memory.
template <bool silu>
void normalize(const Piece& p, const Input& in, const RowScale& scale, Real* y) {
  const Real* __restrict center = scale.center();
  const Real* __restrict shift = scale.shift();
  const Real* __restrict slope = scale.slope();
  const Index n = p.row();
  const RowWriter writer({p.images * p.S * p.C, y, n, p.stride()});
  for (Index r = 0; r < p.rows(); ++r) {
    const Real* __restrict from = in.x + r * p.stride();
    for (Index c = 0; c < n; c += cache_line) __builtin_prefetch(from + p.to_next() + c, 0, 2);
    writer.write(r, [=](Real* __restrict to) {
      ITO_INDEPENDENT
      for (Index c = 0; c < n; ++c) {
        const Real z = fma_(from[c] - center[c], slope[c], shift[c]);
        to[c] = silu ? silu_(z) : z;
      }
    });
  }
}

/// Per channel of a piece: the sums over positions of dz and of dz times the normalised x.
struct ChannelGrads {
  double* dz;
  double* dz_normal;
};

/// dz, the cotangent of z = gamma normal + beta, into dx, and its sums; normal = (x - mean) rstd.
template <bool silu>
void activation_grad(const Piece& p, const Input& in, const RowScale& scale, const Real* dy,
                     Real* dx, const ChannelGrads& sums) {
  const Index n = p.row();
  const Real* __restrict center = scale.center();
  const Real* __restrict slope = scale.slope();
  const Real* __restrict shift = scale.shift();
  channel_sums<2>(p, {sums.dz, sums.dz_normal}, [=](Index i, Real* __restrict sum) {
    const Real* __restrict x = in.x + i;
    const Real* __restrict g = dy + i;
    Real* __restrict dz = dx + i;
    Real* __restrict sum_distance = sum + n;
    ITO_INDEPENDENT
    for (Index c = 0; c < n; ++c) {
      const Real distance = x[c] - center[c];
      const Real d = silu ? g[c] * silu_slope_(fma_(distance, slope[c], shift[c])) : g[c];
      dz[c] = d;
      sum[c] += d;
      sum_distance[c] = fma_(d, distance, sum_distance[c]);
    }
  });
  for (Index c = 0; c < p.channels; ++c) {
    sums.dz_normal[c] *= static_cast<double>(scale.inverse()[c]);
  }
}

/// dx = rstd (gamma dz - mean(gamma dz) - normal mean(gamma dz normal)) with means over the group;
/// dx holds dz before.
void normalize_grad(const Piece& p, const Input& in, const RowScale& scale,
                    const ChannelGrads& sums, Real* dx) {
  const ScratchOf<double> means(2 * p.channels);
  double* of_dz = means.data();
  double* of_dz_normal = of_dz + p.channels;
  for (Index c = 0; c < p.channels; ++c) {
    const double gamma = in.gamma == nullptr ? 1 : static_cast<double>(in.gamma[c]);
    of_dz[c] = gamma * sums.dz[c];
    of_dz_normal[c] = gamma * sums.dz_normal[c];
  }
  group_means(p, of_dz);
  group_means(p, of_dz_normal);
  const Scratch memory(2 * p.row());
  Real* __restrict offset = memory.data();  // dx = factor dz - (offset + (x - mean) slope)
  Real* __restrict slope = offset + p.row();
  const Real* __restrict inverse = scale.inverse();
  fill_row(p, offset, [=](Index c) { return inverse[c] * static_cast<Real>(of_dz[c]); });
  fill_row(p, slope,
           [=](Index c) { return inverse[c] * inverse[c] * static_cast<Real>(of_dz_normal[c]); });
  const Real* __restrict center = scale.center();
  const Real* __restrict factor = scale.slope();
  const Index n = p.row();
  for (Index r = 0; r < p.rows(); ++r) {
    const Real* __restrict x = in.x + r * p.stride();
    Real* __restrict d = dx + r * p.stride();
    ITO_INDEPENDENT
    for (Index c = 0; c < n; ++c) {
      d[c] = d[c] * factor[c] - fma_(x[c] - center[c], slope[c], offset[c]);
    }
  }
}

/// out[c] = sum over images of sums[n * stride + c], in order.
void sum_images(const double* sums, Index images, Index stride, Index channels, Real* out) {
  const ScratchOf<double> total(channels);
  for (Index c = 0; c < channels; ++c) total.data()[c] = 0;
  for (Index n = 0; n < images; ++n) {
    for (Index c = 0; c < channels; ++c) total.data()[c] += sums[n * stride + c];
  }
  for (Index c = 0; c < channels; ++c) out[c] = static_cast<Real>(total.data()[c]);
}

}  // namespace

void group_norm(Norm s, const Real* x, const Real* gamma, const Real* beta, Real* y, Real* mean,
                Real* rstd) {
  parallel_pieces(s, [&](const Piece& p) {
    const Input in = input_of(p, x, gamma, beta);
    const Index group = p.image * s.G + p.group();
    group_moments(p, s.eps, in.x, mean + group, rstd + group);
    const RowScale scale(p, in, mean + group, rstd + group);
    Real* const out = y + (in.x - x);
    s.silu ? normalize<true>(p, in, scale, out) : normalize<false>(p, in, scale, out);
  });
}

void group_norm_grad(Norm s, const Real* x, const Real* gamma, const Real* beta, const Real* mean,
                     const Real* rstd, const Real* dy, Real* dx, Real* dgamma, Real* dbeta) {
  // [N][2][C]: per image and channel the sums of dz and of dz times the normalised x
  const ScratchOf<double> sums(2 * s.N * s.C);
  double* data = sums.data();
  parallel_pieces(s, [&](const Piece& p) {
    const Input in = input_of(p, x, gamma, beta);
    const Index start = in.x - x;
    const Index group = p.image * s.G + p.group();
    const RowScale scale(p, in, mean + group, rstd + group);
    double* const channel = data + 2 * p.image * s.C + p.first;
    const ChannelGrads grads = {channel, channel + s.C};
    const auto activation = s.silu ? activation_grad<true> : activation_grad<false>;
    activation(p, in, scale, dy + start, dx + start, grads);
    normalize_grad(p, in, scale, grads, dx + start);
  });
  if (dbeta != nullptr) sum_images(data, s.N, 2 * s.C, s.C, dbeta);
  if (dgamma != nullptr) sum_images(data + s.C, s.N, 2 * s.C, s.C, dgamma);
}

}  // namespace ito::kernels::ITO_LEVEL
