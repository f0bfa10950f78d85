// The weight gradient: dU[frequency][c][o] = sum over the tiles of V[frequency][tile][c]
// dM[frequency][tile][o], the transformed input and the transformed gradient of the output; then
// dw = G^T dU G. A piece of work keeps its part of dU in the cache while all of its tiles pass by:
// half of the frequencies' rows (each half adds its own share of dw), a block of c and one of o.

#include "kernels/cpu/scratch.h"
#include "kernels/cpu/winograd_tiles.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Channels of the blocks; tiles transformed at a time.
constexpr Index input_channels = 128;
constexpr Index output_channels = 64;
constexpr Index chunk_tiles = 64;
/// The sum is cut into pieces of at least `piece_tiles` tiles, at most `most_pieces` of them.
constexpr Index piece_tiles = 512;
constexpr Index most_pieces = 4;

/// A part of the work: tiles [first, last), channels [c, c + C) and [o, o + O).
struct Part {
  Index first, last, c, C, o, O;
};

/// The operands.
struct Operands {
  const Real* x;
  const Real* dy;
  const Real* zeros;
};

/// dU of the rows of frequencies [Half * size / 2, ...), as [frequency][c][o], rows of o padded.
template <class F, int Half>
class HalfGradient {
 public:
  static constexpr int rows = F::size / 2;
  static constexpr int frequencies = rows * F::size;

  HalfGradient(const Tiles<F>& tiles, const Part& part, const Operands& in)
      : part_(part), width_(whole_vectors(part.O)), du_(frequencies * part.C * width_) {
    const Index c_row = row_stride(part.C), o_row = row_stride(part.O);
    const Scratch v(frequencies * chunk_tiles * c_row), dm(frequencies * chunk_tiles * o_row);
    for (Index t = part.first; t < part.last; t += chunk_tiles) {
      const Index count = smaller(chunk_tiles, part.last - t);
      for (Index i = 0; i < count; ++i) {
        transform(tiles, in, t + i, {v.data() + i * c_row, chunk_tiles * c_row},
                  {dm.data() + i * o_row, chunk_tiles * o_row});
      }
      add(v.data(), dm.data(), count, t > part.first);
    }
  }

  /// dw[tap][c][o], this half's share of it, for a filter of C x O channels.
  void transform_back(Index C, Index O, Real* dw) const {
    for (Index c = 0; c < part_.C; ++c) {
      for (Index o = 0; o < part_.O; o += lanes) {
        Vec half[3][F::size];
        for (int j = 0; j < F::size; ++j) {
          Vec in[F::size] = {}, out[3];
          for (int i = 0; i < rows; ++i) in[Half * rows + i] = load(at(i * F::size + j, c) + o);
          F::filter_adjoint(in, out);
          for (int k = 0; k < 3; ++k) half[k][j] = out[k];
        }
        for (int k = 0; k < 3; ++k) {
          Vec out[3];
          F::filter_adjoint(half[k], out);
          for (int j = 0; j < 3; ++j) {
            Real* tap = dw + ((k * 3 + j) * C + part_.c + c) * O + part_.o + o;
            store_part(tap, out[j], part_.O - o);
          }
        }
      }
    }
  }

 private:
  struct Rows {
    Real* data;
    Index stride;
  };

  Real* at(Index frequency, Index c) const {
    return du_.data() + (frequency * part_.C + c) * width_;
  }

  void transform(const Tiles<F>& tiles, const Operands& in, Index t, Rows v, Rows dm) const {
    const Real* inputs[F::size * F::size];
    tiles.inputs(t, in.x + part_.c, in.zeros, inputs);
    transform_tile<InputTransform<F>, Half * rows, rows>(inputs, inputs, part_.C, v.data, v.stride);
    const Real* outputs[F::outputs * F::outputs];
    tiles.outputs(t, in.dy + part_.o, in.zeros, outputs);
    transform_tile<OutputAdjoint<F>, Half * rows, rows>(outputs, outputs, part_.O, dm.data, dm.stride);
  }

  void add(const Real* v, const Real* dm, Index count, bool accumulate) const {
    const Index c_row = row_stride(part_.C), o_row = row_stride(part_.O);
    const Real* columns[chunk_tiles];
    for (Index f = 0; f < frequencies; ++f) {
      for (Index i = 0; i < count; ++i) columns[i] = v + (f * chunk_tiles + i) * c_row;
      const Panels right{dm + f * chunk_tiles * o_row, count, width_, o_row};
      multiply_columns({columns, part_.C, 0, count}, right,
                       {at(f, 0), width_, 0, width_, accumulate});
    }
  }

  Part part_;
  Index width_;
  Scratch du_;
};

template <class F, int Half>
void half_gradient(const Tiles<F>& tiles, const Part& part, const Operands& in, Real* dw) {
  HalfGradient<F, Half>(tiles, part, in).transform_back(tiles.s.C, tiles.s.O, dw);
}

/// dw = sum of `count` partial sums [count][size], added in order.
void add_shares(const Real* shares, Index count, Index size, Real* dw) {
  parallel_ranges(size, elementwise_grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) dw[i] = shares[i];
    for (Index p = 1; p < count; ++p) {
      for (Index i = begin; i < end; ++i) dw[i] += shares[p * size + i];
    }
  });
}

template <class F>
void weight_grad(const Correlation& s, const Real* x, const Real* dy, Real* dw) {
  const Tiles<F> tiles(s);
  const Index size = 9 * s.C * s.O;
  const Index pieces = smaller(most_pieces, (tiles.count() + piece_tiles - 1) / piece_tiles);
  const Index length = (tiles.count() + pieces - 1) / pieces;
  const Index c_blocks = (s.C + input_channels - 1) / input_channels;
  const Index o_blocks = (s.O + output_channels - 1) / output_channels;
  const Scratch zeros(smaller(s.C, input_channels) + smaller(s.O, output_channels));
  for (Index i = 0; i < smaller(s.C, input_channels) + smaller(s.O, output_channels); ++i) {
    zeros.data()[i] = 0;
  }
  const Scratch shares(2 * pieces * size);
  parallel_for(pieces * 2 * c_blocks * o_blocks, [&](Index i) {
    const Index piece = i / (2 * c_blocks * o_blocks), block = i / 2 % (c_blocks * o_blocks);
    const Index c = block / o_blocks * input_channels, o = block % o_blocks * output_channels;
    const Part part{piece * length,
                    smaller(tiles.count(), (piece + 1) * length),
                    c,
                    smaller(input_channels, s.C - c),
                    o,
                    smaller(output_channels, s.O - o)};
    Real* share = shares.data() + (2 * piece + i % 2) * size;
    const Operands in{x, dy, zeros.data()};
    if (i % 2 == 0) return half_gradient<F, 0>(tiles, part, in, share);
    half_gradient<F, 1>(tiles, part, in, share);
  });
  add_shares(shares.data(), 2 * pieces, size, dw);
}

}  // namespace

void winograd_weight_grad(WinogradTile tile, const Correlation& s, const Real* x, const Real* dy,
                          Real* dw) {
  if (tile == WinogradTile::four) return weight_grad<F4>(s, x, dy, dw);
  weight_grad<F2>(s, x, dy, dw);
}

}  // namespace ito::kernels::ITO_LEVEL
