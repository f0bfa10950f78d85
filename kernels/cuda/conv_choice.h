#pragma once
// Which algorithm computes a convolution or one of its gradients.

#include "kernels/convolution.h"
#include "kernels/types.h"

namespace ito::kernels::cuda {

enum class Algorithm { direct, winograd_two, winograd_four };

/// A 3x3 correlation of stride 1 with `channels` summed over and `outputs` results a pixel, of
/// which rows x columns are wanted. A fixed rule, so that an image's bits depend on its shape
/// alone. It is that of the CPU (kernels/cpu/conv_choice.h) but for the channels from which the
/// transforms pay. Per pixel, C = O, on an H100 (half of 67 TFLOP/s, as measured; transformed tiles
/// are written to and read from memory at 3.0 TB/s, 36/16 numbers a pixel for F(4x4), 4 for
/// F(2x2)):
///   direct  18 C^2 / 33.5e12 s                                = 0.54 C^2 ps
///   F(4x4)  a quarter of it    + 2 * 36/16 * 8 C / 3.0e12 s   = 0.13 C^2 + 12 C ps
///   F(2x2)  four ninths of it  + 2 *  4    * 8 C / 3.0e12 s   = 0.24 C^2 + 21 C ps
/// so they pay from 30 and about 70 channels on.
inline Algorithm choose(const Conv& s, Index rows, Index columns, Index channels, Index outputs) {
  const bool possible = s.KH == 3 && s.KW == 3 && s.stride == 1 && s.dilation == 1;
  if (convolution_mode() == ConvolutionMode::exact || !possible) return Algorithm::direct;
  const Index four = 36 * ((rows + 3) / 4) * ((columns + 3) / 4);
  const Index two = 16 * ((rows + 1) / 2) * ((columns + 1) / 2);
  const bool is_two = two <= four;
  const Index products = is_two ? two : four, enough = is_two ? 64 : 32;
  if (9 * rows * columns < 2 * products) return Algorithm::direct;
  if (channels < enough || outputs < enough) return Algorithm::direct;
  return is_two ? Algorithm::winograd_two : Algorithm::winograd_four;
}

}  // namespace ito::kernels::cuda
