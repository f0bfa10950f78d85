// The weight gradient: dU[frequency][c][o] = sum over the tiles of V[frequency][tile][c]
// dM[frequency][tile][o], the transformed input and the transformed gradient of the output; then
// dw = G^T dU G. A part of the work keeps its part of dU in the cache while its tiles pass by: a
// block of c, one of o and, where they are large, only two of the frequencies' rows, which add
// their own share of dw.

#include "kernels/cpu/scratch.h"
#include "kernels/cpu/winograd_tiles.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Channels of a block, and those up to which dU with all of its rows stays in the cache.
constexpr Index block_channels = 128;
constexpr Index few_channels = 64;
/// Tiles transformed at a time.
constexpr Index chunk_tiles = 48;
/// The tiles are cut into pieces of at least `piece_tiles`, so that there are about `most_parts`
/// parts of the work.
constexpr Index piece_tiles = 256;
constexpr Index most_parts = 24;

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

/// dU of `Rows` rows of frequencies from `First` on, as [frequency][c][o].
template <class F, int First, int Rows>
class RowsGradient {
 public:
  static constexpr int frequencies = Rows * F::size;

  RowsGradient(const Tiles<F>& tiles, const Part& part, const Operands& in)
      : part_(part),
        width_(whole_vectors(part.O)),
        c_row_(row_stride(part.C)),
        o_row_(row_stride(part.O)),
        du_(frequencies * part.C * width_),
        v_(frequencies * chunk_tiles * c_row_),
        dm_(frequencies * chunk_tiles * o_row_) {
    for (Index t = part.first; t < part.last; t += chunk_tiles) {
      const Index count = smaller(chunk_tiles, part.last - t);
      transform_inputs(tiles, in, t, count);
      transform_outputs(tiles, in, t, count);
      add(count, t > part.first);
    }
  }

  /// dw[tap][c][o], these rows' share of it, for a filter of C x O channels.
  void transform_back(Index C, Index O, Real* dw) const {
    for (Index c = 0; c < part_.C; ++c) {
      for (Index o = 0; o < part_.O; o += lanes) {
        Vec half[3][F::size];
        for (int j = 0; j < F::size; ++j) {
          Vec in[F::size] = {}, out[3];
          for (int i = 0; i < Rows; ++i) in[First + i] = load(at(i * F::size + j, c) + o);
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
  Real* at(Index frequency, Index c) const {
    return du_.data() + (frequency * part_.C + c) * width_;
  }

  void transform_inputs(const Tiles<F>& tiles, const Operands& in, Index first, Index count) const {
    constexpr int size = F::size * F::size;
    const Real* pixels[chunk_tiles * size];
    for (Index t = 0; t < count; ++t) {
      tiles.inputs(first + t, in.x + part_.c, in.zeros, pixels + t * size);
    }
    for (Index t = 0; t < count; ++t) {
      const Index next = smaller(t + prefetch_tiles, count - 1);
      transform_tile<InputTransform<F>, First, Rows>(pixels + t * size, pixels + next * size,
                                                     part_.C, v_.data() + t * c_row_,
                                                     chunk_tiles * c_row_);
    }
  }

  void transform_outputs(const Tiles<F>& tiles, const Operands& in, Index first,
                         Index count) const {
    constexpr int size = F::outputs * F::outputs;
    const Real* pixels[chunk_tiles * size];
    for (Index t = 0; t < count; ++t) {
      tiles.outputs(first + t, in.dy + part_.o, in.zeros, pixels + t * size);
    }
    for (Index t = 0; t < count; ++t) {
      const Index next = smaller(t + prefetch_tiles, count - 1);
      transform_tile<OutputAdjoint<F>, First, Rows>(pixels + t * size, pixels + next * size,
                                                    part_.O, dm_.data() + t * o_row_,
                                                    chunk_tiles * o_row_);
    }
  }

  /// dU (+)= V^T dM of `count` tiles.
  void add(Index count, bool accumulate) const {
    const Real* columns[chunk_tiles];
    for (Index f = 0; f < frequencies; ++f) {
      const Real* v = v_.data() + f * chunk_tiles * c_row_;
      for (Index t = 0; t < count; ++t) columns[t] = v + t * c_row_;
      const Panels dm{dm_.data() + f * chunk_tiles * o_row_, count, width_, o_row_};
      multiply_columns({columns, part_.C, 0, count}, dm,
                       {at(f, 0), width_, 0, width_, accumulate});
    }
  }

  Part part_;
  Index width_, c_row_, o_row_;
  Scratch du_, v_, dm_;
};

template <class F, int First, int Rows>
void rows_gradient(const Tiles<F>& tiles, const Part& part, const Operands& in, Real* dw) {
  RowsGradient<F, First, Rows>(tiles, part, in).transform_back(tiles.s.C, tiles.s.O, dw);
}

/// dw = sum of `count` shares [count][size], added in order.
void add_shares(const Real* shares, Index count, Index size, Real* dw) {
  parallel_ranges(size, elementwise_grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) dw[i] = shares[i];
    for (Index p = 1; p < count; ++p) {
      for (Index i = begin; i < end; ++i) dw[i] += shares[p * size + i];
    }
  });
}

/// How the work is cut: pieces of the tiles, pairs of rows (or not), blocks of channels.
template <class F>
struct Cut {
  Index tiles, C, O, pairs, c_blocks, o_blocks, pieces, length;

  explicit Cut(const Tiles<F>& t)
      : tiles(t.count()),
        C(t.s.C),
        O(t.s.O),
        pairs(C <= few_channels && O <= few_channels ? 1 : F::size / 2),
        c_blocks((C + block_channels - 1) / block_channels),
        o_blocks((O + block_channels - 1) / block_channels),
        pieces(wanted_pieces()),
        length((tiles + pieces - 1) / pieces) {}
  Index blocks() const { return c_blocks * o_blocks; }
  Index parts() const { return pieces * pairs * blocks(); }
  /// Shares of dw that are added: one of each piece and pair; the one that part i belongs to.
  Index shares() const { return pieces * pairs; }
  Index share(Index i) const { return i / blocks(); }
  Part part(Index i) const {
    const Index piece = share(i) / pairs;
    const Index c = i % blocks() / o_blocks * block_channels, o = i % o_blocks * block_channels;
    return {piece * length,
            smaller(tiles, (piece + 1) * length),
            c,
            smaller(block_channels, C - c),
            o,
            smaller(block_channels, O - o)};
  }

 private:
  Index wanted_pieces() const {
    const Index by_tiles = (tiles + piece_tiles - 1) / piece_tiles;
    const Index by_parts = most_parts / (pairs * blocks());
    return by_parts < 1 ? 1 : smaller(by_tiles, by_parts);
  }
};

template <class F>
void weight_grad(const Correlation& s, const Real* x, const Real* dy, Real* dw) {
  const Tiles<F> tiles(s);
  const Cut<F> cut(tiles);
  const Index size = 9 * s.C * s.O;
  const Scratch zeros(block_channels), shares(cut.shares() * size);
  for (Index i = 0; i < block_channels; ++i) zeros.data()[i] = 0;
  const Operands in{x, dy, zeros.data()};
  parallel_for(cut.parts(), [&](Index i) {
    Real* share = shares.data() + cut.share(i) * size;
    const Index pair = cut.share(i) % cut.pairs;
    if (cut.pairs == 1) return rows_gradient<F, 0, F::size>(tiles, cut.part(i), in, share);
    if (pair == 0) return rows_gradient<F, 0, 2>(tiles, cut.part(i), in, share);
    if (pair == 1) return rows_gradient<F, 2, 2>(tiles, cut.part(i), in, share);
    if constexpr (F::size == 6) rows_gradient<F, 4, 2>(tiles, cut.part(i), in, share);
  });
  add_shares(shares.data(), cut.shares(), size, dw);
}

}  // namespace

void winograd_weight_grad(WinogradTile tile, const Correlation& s, const Real* x, const Real* dy,
                          Real* dw) {
  if (tile == WinogradTile::four) return weight_grad<F4>(s, x, dy, dw);
  weight_grad<F2>(s, x, dy, dw);
}

}  // namespace ito::kernels::ITO_LEVEL
