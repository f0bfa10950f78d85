// The weight gradient: dU[frequency][c][o] = sum over the tiles of V[frequency][tile][c]
// dM[frequency][tile][o], the transformed input and the transformed gradient of the output; then
// dw = G^T dU G. A part of the work keeps its part of dU in the cache while its tiles pass by: a
// block of c, one of o and, where they are large, only two of the frequencies' rows at a time.

#include "kernels/cpu/scratch.h"
#include "kernels/cpu/winograd_tiles.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// Channels of a block, and those up to which dU with all of its rows stays in the cache.
constexpr Index block_channels = 128;
constexpr Index few_channels = 64;
/// Tiles transformed at a time.
constexpr Index chunk_tiles = 48;
/// The tiles are cut into pieces of at least `piece_tiles`, so that there are up to `most_parts`
/// parts of the work; of at least `least_tiles` where that makes fewer than `least_parts`.
constexpr Index piece_tiles = 128, least_tiles = 24;
constexpr Index most_parts = 16, least_parts = 4;

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

  /// dw[tap][c][o] (+)= these rows' share of it, for a filter of C x O channels.
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
            const Index count = part_.O - o;
            store_part(tap, First == 0 ? out[j] : load_part(tap, count) + out[j], count);
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
      transform_tile<InputTransform<F>, First, Rows>(
          pixels + t * size, tiles.inputs_ahead(first + t, in.x + part_.c), part_.C,
          v_.data() + t * c_row_, chunk_tiles * c_row_);
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
      transform_tile<OutputAdjoint<F>, First, Rows>(
          pixels + t * size, tiles.outputs_ahead(first + t, in.dy + part_.o), part_.O,
          dm_.data() + t * o_row_, chunk_tiles * o_row_);
    }
  }

  /// dU (+)= V^T dM of `count` tiles.
  void add(Index count, bool accumulate) const {
    const Real* columns[chunk_tiles];
    for (Index t = 0; t < count; ++t) columns[t] = v_.data() + t * c_row_;
    for (Index f = 0; f < frequencies; ++f) {
      const Panels dm{dm_.data() + f * chunk_tiles * o_row_, count, width_, o_row_};
      multiply_columns({columns, part_.C, 0, count, 0, f * chunk_tiles * c_row_}, dm,
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

/// How the work is cut: pieces of the tiles, blocks of channels.
struct Cut {
  Index tiles, C, O, c_blocks, o_blocks, pieces, length;

  Cut(Index tile_count, const Correlation& s)
      : tiles(tile_count),
        C(s.C),
        O(s.O),
        c_blocks((C + block_channels - 1) / block_channels),
        o_blocks((O + block_channels - 1) / block_channels),
        pieces(wanted_pieces()),
        length((tiles + pieces - 1) / pieces) {}
  Index blocks() const { return c_blocks * o_blocks; }
  Part part(Index piece, Index block) const {
    const Index c = block / o_blocks * block_channels, o = block % o_blocks * block_channels;
    return {piece * length,
            smaller(tiles, (piece + 1) * length),
            c,
            smaller(block_channels, C - c),
            o,
            smaller(block_channels, O - o)};
  }

 private:
  Index wanted_pieces() const {
    const Index most = most_parts / blocks(), least = (least_parts + blocks() - 1) / blocks();
    const Index by_tiles = (tiles + piece_tiles - 1) / piece_tiles;
    const Index wanted = by_tiles < least ? smaller(least, tiles / least_tiles) : by_tiles;
    return wanted < 1 ? 1 : smaller(wanted, most < 1 ? 1 : most);
  }
};

/// The part's channels of dw, summed over its tiles.
template <class F>
void part_gradient(const Tiles<F>& tiles, const Part& part, const Operands& in, Real* dw) {
  if (tiles.s.C <= few_channels && tiles.s.O <= few_channels) {
    return rows_gradient<F, 0, F::size>(tiles, part, in, dw);
  }
  rows_gradient<F, 0, 2>(tiles, part, in, dw);
  rows_gradient<F, 2, 2>(tiles, part, in, dw);
  if constexpr (F::size == 6) rows_gradient<F, 4, 2>(tiles, part, in, dw);
}

template <class F>
void weight_grad(const Correlation& s, const Real* x, const Real* dy, Real* dw) {
  const Tiles<F> tiles(s);
  const Cut cut(tiles.count(), s);
  const Index size = 9 * s.C * s.O;
  const Scratch zeros(block_channels), memory(cut.pieces > 1 ? cut.pieces * size : 0);
  for (Index i = 0; i < block_channels; ++i) zeros.data()[i] = 0;
  Real* shares = cut.pieces > 1 ? memory.data() : dw;
  parallel_for(cut.pieces * cut.blocks(), [&](Index i) {
    const Index piece = i / cut.blocks();
    part_gradient(tiles, cut.part(piece, i % cut.blocks()), {x, dy, zeros.data()},
                  shares + piece * size);
  });
  if (cut.pieces > 1) add_shares(shares, cut.pieces, size, dw);
}

}  // namespace

void winograd_weight_grad(WinogradTile tile, const Correlation& s, const Real* x, const Real* dy,
                          Real* dw) {
  if (tile == WinogradTile::four) return weight_grad<F4>(s, x, dy, dw);
  weight_grad<F2>(s, x, dy, dw);
}

}  // namespace ito::kernels::ITO_LEVEL
