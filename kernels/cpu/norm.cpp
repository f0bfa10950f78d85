// Group normalisation and its gradient. Every pass runs along positions with the channels inside,
// so loops vectorise across channels and each channel's sum has one order.

#include "kernels/cpu/level.h"
#include "kernels/cpu/scratch.h"
#include "kernels/math.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Positions summed in Real before they are added to a channel's double.
constexpr Index sum_positions = 64;
/// Channels that one piece of work takes, about: as many whole groups as fit, at least one.
constexpr Index piece_channels = 128;

/// The channels [first, first + channels), whole groups of `width`, of one image [S, C].
struct Piece {
  Index image, first, channels, width, S, C;
  Index group() const { return first / width; }
  Index groups() const { return channels / width; }
};

/// Calls f for pieces that cover all images and channels.
template <class F>
void parallel_pieces(const Norm& s, const F& f) {
  const Index width = s.C / s.G;
  const Index groups = width < piece_channels ? piece_channels / width : 1;
  const Index cuts = (s.G + groups - 1) / groups;
  parallel_for(s.N * cuts, [&](Index i) {
    const Index first = i % cuts * groups;
    const Index count = smaller(groups, s.G - first);
    f(Piece{i / cuts, first * width, count * width, width, s.S, s.C});
  });
}

/// total[c] = sum over positions of term(s * C + c, c), for the channels of a piece. Short runs are
/// summed in Real, the runs in double.
template <class Term>
void channel_sums(const Piece& p, double* total, const Term& term) {
  const Scratch scratch(p.channels);
  Real* sum = scratch.data();
  for (Index c = 0; c < p.channels; ++c) total[c] = 0;
  for (Index begin = 0; begin < p.S; begin += sum_positions) {
    const Index end = smaller(p.S, begin + sum_positions);
    for (Index c = 0; c < p.channels; ++c) sum[c] = 0;
    for (Index s = begin; s < end; ++s) {
      const Index row = s * p.C;
      for (Index c = 0; c < p.channels; ++c) sum[c] += term(row + c, c);
    }
    for (Index c = 0; c < p.channels; ++c) total[c] += static_cast<double>(sum[c]);
  }
}

/// The group's mean of what its channels' totals sum, given to every channel of the group.
void group_means(const Piece& p, double* total) {
  const auto count = static_cast<double>(p.S * p.width);
  for (Index g = 0; g < p.channels; g += p.width) {
    double sum = 0;
    for (Index c = g; c < g + p.width; ++c) sum += total[c];
    for (Index c = g; c < g + p.width; ++c) total[c] = sum / count;
  }
}

void normalize(const Piece& p, double eps, const Real* x, const Real* gamma, const Real* beta,
               Real* y, Real* mean, Real* rstd) {
  const ScratchOf<double> total(p.channels);
  const Scratch scratch(3 * p.channels);
  Real* center = scratch.data();
  Real* scale = center + p.channels;
  Real* shift = scale + p.channels;
  channel_sums(p, total.data(), [x](Index i, Index) { return x[i]; });
  group_means(p, total.data());
  for (Index c = 0; c < p.channels; ++c) center[c] = static_cast<Real>(total.data()[c]);
  for (Index g = 0; g < p.groups(); ++g) mean[g] = center[g * p.width];
  channel_sums(p, total.data(), [x, center](Index i, Index c) {
    const Real d = x[i] - center[c];
    return d * d;
  });
  group_means(p, total.data());
  for (Index g = 0; g < p.groups(); ++g) {
    rstd[g] = static_cast<Real>(1 / sqrt_(total.data()[g * p.width] + eps));
  }
  for (Index c = 0; c < p.channels; ++c) {
    scale[c] = gamma == nullptr ? rstd[c / p.width] : rstd[c / p.width] * gamma[c];
    shift[c] = beta == nullptr ? Real(0) : beta[c];
  }
  for (Index s = 0; s < p.S; ++s) {
    const Real* in = x + s * p.C;
    Real* out = y + s * p.C;
    for (Index c = 0; c < p.channels; ++c) out[c] = (in[c] - center[c]) * scale[c] + shift[c];
  }
}

/// Per channel of a piece: the sums over positions of dy and of dy times the normalised x.
struct ChannelGrads {
  double* dy;
  double* dy_normal;
};

/// dx = rstd (gamma dy - mean(gamma dy) - normal mean(gamma dy normal)), with
/// normal = (x - mean) rstd and means over the group.
void normalize_grad(const Piece& p, const Real* x, const Real* gamma, const Real* mean,
                    const Real* rstd, const Real* dy, Real* dx, const ChannelGrads& sums) {
  const Scratch scratch(4 * p.channels);
  Real* center = scratch.data();
  Real* inverse = center + p.channels;
  Real* offset = inverse + p.channels;
  Real* slope = offset + p.channels;
  for (Index c = 0; c < p.channels; ++c) {
    center[c] = mean[c / p.width];
    inverse[c] = rstd[c / p.width];
  }
  channel_sums(p, sums.dy, [dy](Index i, Index) { return dy[i]; });
  channel_sums(p, sums.dy_normal,
               [=](Index i, Index c) { return dy[i] * ((x[i] - center[c]) * inverse[c]); });
  const ScratchOf<double> means(2 * p.channels);
  double* of_dy = means.data();
  double* of_dy_normal = of_dy + p.channels;
  for (Index c = 0; c < p.channels; ++c) {
    const double weight = gamma == nullptr ? 1 : static_cast<double>(gamma[c]);
    of_dy[c] = weight * sums.dy[c];
    of_dy_normal[c] = weight * sums.dy_normal[c];
  }
  group_means(p, of_dy);
  group_means(p, of_dy_normal);
  for (Index c = 0; c < p.channels; ++c) {
    offset[c] = static_cast<Real>(of_dy[c]);
    slope[c] = static_cast<Real>(of_dy_normal[c]);
  }
  const Scratch weights(p.channels);
  Real* weight = weights.data();
  for (Index c = 0; c < p.channels; ++c) weight[c] = gamma == nullptr ? Real(1) : gamma[c];
  for (Index s = 0; s < p.S; ++s) {
    const Index row = s * p.C;
    for (Index c = 0; c < p.channels; ++c) {
      const Real normal = (x[row + c] - center[c]) * inverse[c];
      dx[row + c] = inverse[c] * (dy[row + c] * weight[c] - offset[c] - normal * slope[c]);
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
    const Index start = p.image * s.S * s.C + p.first;
    const Index group = p.image * s.G + p.group();
    normalize(p, s.eps, x + start, gamma == nullptr ? nullptr : gamma + p.first,
              beta == nullptr ? nullptr : beta + p.first, y + start, mean + group, rstd + group);
  });
}

void group_norm_grad(Norm s, const Real* x, const Real* gamma, const Real* mean, const Real* rstd,
                     const Real* dy, Real* dx, Real* dgamma, Real* dbeta) {
  // [N][2][C]: per image and channel the sums of dy and of dy times the normalised x
  const ScratchOf<double> sums(2 * s.N * s.C);
  double* data = sums.data();
  parallel_pieces(s, [&](const Piece& p) {
    const Index start = p.image * s.S * s.C + p.first;
    const Index group = p.image * s.G + p.group();
    double* channel = data + 2 * p.image * s.C + p.first;
    normalize_grad(p, x + start, gamma == nullptr ? nullptr : gamma + p.first, mean + group,
                   rstd + group, dy + start, dx + start, {channel, channel + s.C});
  });
  if (dbeta != nullptr) sum_images(data, s.N, 2 * s.C, s.C, dbeta);
  if (dgamma != nullptr) sum_images(data + s.C, s.N, 2 * s.C, s.C, dgamma);
}

}  // namespace ito::kernels::ITO_LEVEL
