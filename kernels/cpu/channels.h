#pragma once
// Images [S, C], S positions of C channels, worked on in pieces of some channels. Loops run along
// channels, so that they vectorise and each channel's sum has one order. Where all channels of an
// image are few, several positions are taken as one longer row.

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/simd.h"

namespace ito::kernels {
namespace {

/// Rows summed in Real before they are added to a channel's double.
constexpr Index sum_rows = 64;
/// Channels that one piece takes, about: as many whole groups as fit, at least one.
constexpr Index piece_channels = 128;

/// The channels [first, first + channels), whole groups of `width`, of one of `images` images
/// [S, C], seen as `rows` rows of `repeat` positions.
struct Piece {
  Index images, image, first, channels, width, S, C, repeat;
  Index group() const { return first / width; }
  Index groups() const { return channels / width; }
  Index row() const { return channels * repeat; }  ///< elements worked on in a row
  Index rows() const { return S / repeat; }
  Index stride() const { return C * repeat; }  ///< elements from row to row
  /// Elements to the same place in the next piece.
  Index to_next() const { return first + channels < C ? channels : S * C - first; }
};

/// How many positions make a row: a power of two that divides S.
inline Index positions_of_row(Index S, Index channels) {
  Index repeat = 1;
  while (S % (2 * repeat) == 0 && channels * 2 * repeat <= piece_channels) repeat *= 2;
  return repeat;
}

/// Calls f for pieces that cover all images and channels.
template <class F>
inline void parallel_pieces(const Norm& s, const F& f) {
  const Index width = s.C / s.G;
  const Index groups = width < piece_channels ? piece_channels / width : 1;
  const Index cuts = (s.G + groups - 1) / groups;
  const Index repeat = cuts == 1 ? positions_of_row(s.S, s.C) : 1;
  parallel_for(s.N * cuts, [&](Index i) {
    const Index first = i % cuts * groups;
    const Index count = smaller(groups, s.G - first);
    f(Piece{s.N, i / cuts, first * width, count * width, width, s.S, s.C, repeat});
  });
}

/// total[k][c], k < sums: what add_row(i, sum) adds up over the rows, for the channels of a piece;
/// i is the element that a row starts at, and the sums of a row lie p.row() apart in `sum`. Short
/// runs are summed in Real, the runs in double.
template <Index sums, class AddRow>
inline void channel_sums(const Piece& p, double* const (&total)[sums], const AddRow& add_row) {
  const Scratch scratch(sums * p.row());
  Real* sum = scratch.data();
  for (double* of_channels : total) {
    for (Index c = 0; c < p.channels; ++c) of_channels[c] = 0;
  }
  for (Index begin = 0; begin < p.rows(); begin += sum_rows) {
    const Index end = smaller(p.rows(), begin + sum_rows);
    for (Index c = 0; c < sums * p.row(); ++c) sum[c] = 0;
    for (Index r = begin; r < end; ++r) add_row(r * p.stride(), sum);
    for (Index k = 0; k < sums * p.repeat; ++k) {
      double* of_channels = total[k / p.repeat];
      const Real* from = sum + k * p.channels;
      for (Index c = 0; c < p.channels; ++c) of_channels[c] += static_cast<double>(from[c]);
    }
  }
}

/// The group's mean of what its channels' totals sum, given to every channel of the group.
inline void group_means(const Piece& p, double* total) {
  const auto count = static_cast<double>(p.S * p.width);
  for (Index g = 0; g < p.channels; g += p.width) {
    double sum = 0;
    for (Index c = g; c < g + p.width; ++c) sum += total[c];
    for (Index c = g; c < g + p.width; ++c) total[c] = sum / count;
  }
}

/// Repeats the channels at the start of a row for its other positions.
inline void repeat_channels(const Piece& p, Real* row) {
  for (Index n = p.channels; n < p.row(); n *= 2) {
    std::memcpy(row + n, row, static_cast<std::size_t>(n) * sizeof(Real));
  }
}

/// Numbers per channel laid out for the rows of a piece: value(c) for each position of a row.
template <class Value>
inline void fill_row(const Piece& p, Real* __restrict row, const Value& value) {
  ITO_INDEPENDENT
  for (Index c = 0; c < p.channels; ++c) row[c] = value(c);
  repeat_channels(p, row);
}

/// One value for all channels of a group, for the first position of a row.
template <class Value>
inline void fill_by_group(const Piece& p, Real* row, const Value& value) {
  for (Index g = 0; g < p.groups(); ++g) {
    const Real of_group = value(g);
    for (Index c = 0; c < p.width; ++c) row[g * p.width + c] = of_group;
  }
}

}  // namespace
}  // namespace ito::kernels
