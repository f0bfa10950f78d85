// Group normalisation, with or without SiLU behind it, and its gradient.

#include "kernels/cpu/channels.h"
#include "kernels/cpu/level.h"
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

/// What normalises a row: z = ((x - center) inverse) weight + shift.
class RowScale {
 public:
  RowScale(const Piece& p, const Input& in, const Real* mean, const Real* rstd)
      : memory_(4 * p.row()), row_(p.row()) {
    fill_row_by_group(p, center(), [mean](Index g) { return mean[g]; });
    fill_row_by_group(p, inverse(), [rstd](Index g) { return rstd[g]; });
    fill_row(p, weight(), [&](Index c) { return in.gamma == nullptr ? Real(1) : in.gamma[c]; });
    fill_row(p, shift(), [&](Index c) { return in.beta == nullptr ? Real(0) : in.beta[c]; });
  }
  Real* center() const { return memory_.data(); }
  Real* inverse() const { return memory_.data() + row_; }
  Real* weight() const { return memory_.data() + 2 * row_; }
  Real* shift() const { return memory_.data() + 3 * row_; }

 private:
  Scratch memory_;
  Index row_;
};

/// Means and 1 / sqrt(variance + eps) of the groups of a piece.
void group_moments(const Piece& p, double eps, const Real* x, Real* mean, Real* rstd) {
  const ScratchOf<double> memory(p.channels);
  double* total = memory.data();
  const Index n = p.row();
  channel_sums<1>(p, {total}, [x, n](Index i, Real* __restrict sum) {
    for (Index c = 0; c < n; ++c) sum[c] += x[i + c];
  });
  group_means(p, total);
  const Scratch centers(n);
  const Real* center = centers.data();
  fill_row(p, centers.data(), [total](Index c) { return static_cast<Real>(total[c]); });
  for (Index g = 0; g < p.groups(); ++g) mean[g] = center[g * p.width];
  channel_sums<1>(p, {total}, [x, center, n](Index i, Real* __restrict sum) {
    for (Index c = 0; c < n; ++c) {
      const Real d = x[i + c] - center[c];
      sum[c] += d * d;
    }
  });
  group_means(p, total);
  for (Index g = 0; g < p.groups(); ++g) {
    rstd[g] = static_cast<Real>(1 / sqrt_(total[g * p.width] + eps));
  }
}

template <bool silu>
void normalize(const Piece& p, const Input& in, const RowScale& scale, Real* y) {
  const Real* __restrict center = scale.center();
  const Real* __restrict shift = scale.shift();
  Real* __restrict slope = scale.inverse();
  for (Index c = 0; c < p.row(); ++c) slope[c] *= scale.weight()[c];
  for (Index r = 0; r < p.rows(); ++r) {
    const Real* __restrict from = in.x + r * p.stride();
    Real* __restrict to = y + r * p.stride();
    for (Index c = 0; c < p.row(); ++c) {
      const Real z = (from[c] - center[c]) * slope[c] + shift[c];
      to[c] = silu ? z * sigmoid_(z) : z;
    }
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
  const Real* __restrict inverse = scale.inverse();
  const Real* __restrict weight = scale.weight();
  const Real* __restrict shift = scale.shift();
  channel_sums<2>(p, {sums.dz, sums.dz_normal}, [=](Index i, Real* __restrict sum) {
    const Real* __restrict x = in.x + i;
    const Real* __restrict g = dy + i;
    Real* __restrict dz = dx + i;
    Real* __restrict sum_normal = sum + n;
    for (Index c = 0; c < n; ++c) {
      const Real normal = (x[c] - center[c]) * inverse[c];
      const Real d = silu ? g[c] * silu_slope_(normal * weight[c] + shift[c]) : g[c];
      dz[c] = d;
      sum[c] += d;
      sum_normal[c] += d * normal;
    }
  });
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
  Real* __restrict offset = memory.data();
  Real* __restrict slope = offset + p.row();
  fill_row(p, offset, [of_dz](Index c) { return static_cast<Real>(of_dz[c]); });
  fill_row(p, slope, [of_dz_normal](Index c) { return static_cast<Real>(of_dz_normal[c]); });
  const Real* __restrict center = scale.center();
  const Real* __restrict inverse = scale.inverse();
  const Real* __restrict weight = scale.weight();
  for (Index r = 0; r < p.rows(); ++r) {
    const Real* __restrict x = in.x + r * p.stride();
    Real* __restrict d = dx + r * p.stride();
    for (Index c = 0; c < p.row(); ++c) {
      const Real normal = (x[c] - center[c]) * inverse[c];
      d[c] = inverse[c] * (d[c] * weight[c] - offset[c] - normal * slope[c]);
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
