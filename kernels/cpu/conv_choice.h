#pragma once
// Which algorithm computes a convolution or one of its gradients.

#include "kernels/convolution.h"
#include "kernels/cpu/winograd.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

enum class Algorithm { direct, winograd_two, winograd_four };

constexpr WinogradTile tile_of(Algorithm a) {
  return a == Algorithm::winograd_four ? WinogradTile::four : WinogradTile::two;
}

/// A 3x3 correlation of stride 1 with `channels` summed over, of which a tile algorithm computes
/// rows x columns outputs. A fixed rule, so that an image's bits depend on its shape alone: not on
/// the batch, and not on a time measured while running. Fitted to one thread of a 2.6 GHz AVX-512
/// server (direct: 170 GFLOP/s); times in ms, C channels to C:
///   image  C    batch   direct   F(4x4)  F(2x2)
///   32x32  128    32     57.1     21.4            F(4x4) does 1/4 of the products,
///   28x28   64    10      3.42     1.33    1.91   F(2x2) 4/9
///   16x16  256    32     55.0     20.3
///   8x8    256     8      3.52     1.60
///   10x10   64    26      1.02     0.59    0.64   partial tiles count in full:
///   9x9    256     8      4.41     3.38    3.22   what decides is the number of products
///   6x6     64    43      0.61     0.44    0.37
///   5x5     16   205      0.22     0.28    0.27   not even half of the products saved: direct
///   4x4    256    17      2.17     1.02    1.51
///   2x2     64   129      0.22     0.32    0.14
///   1x1     64   257      0.11     0.60    0.24
/// With few channels to sum over, the transforms cost more than the products: at 16x16, batch 16,
/// 4 to 128 channels 0.36 direct and 0.45, 8 to 32 0.15 and 0.17, 12 to 64 0.36 and 0.28, 16 to 128
/// 0.89 and 0.53.
inline Algorithm choose(const Conv& s, Index rows, Index columns, Index channels) {
  constexpr Index enough_channels = 12;
  const bool possible = s.KH == 3 && s.KW == 3 && s.stride == 1 && s.dilation == 1;
  if (convolution_mode() == ConvolutionMode::exact || !possible || channels < enough_channels) {
    return Algorithm::direct;
  }
  const Index four = 36 * ((rows + 3) / 4) * ((columns + 3) / 4);
  const Index two = 16 * ((rows + 1) / 2) * ((columns + 1) / 2);
  const Index products = smaller(four, two);
  if (9 * rows * columns < 2 * products) return Algorithm::direct;
  return two <= four ? Algorithm::winograd_two : Algorithm::winograd_four;
}

/// The algorithm of a weight gradient. It sums over the batch, so it may depend on it: with fewer
/// than eight tiles the transformation of the result costs more than the products (256 channels to
/// 256, 4x4, ms direct and by F(4x4): batch 4 0.48 and 0.92, batch 8 1.05 and 0.98, batch 16 2.1
/// and 1.34).
inline Algorithm choose_weight_grad(const Conv& s) {
  constexpr Index enough_tiles = 8;
  const Algorithm a = choose(s, s.P, s.Q, s.C);
  const Index side = a == Algorithm::winograd_four ? 4 : 2;
  const Index tiles = s.N * ((s.P + side - 1) / side) * ((s.Q + side - 1) / side);
  return tiles < enough_tiles ? Algorithm::direct : a;
}

}  // namespace
}  // namespace ito::kernels::ITO_LEVEL
