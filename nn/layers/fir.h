#pragma once
// Anti-aliased resampling of images with finite impulse response filters (Zhang 2019; as StyleGAN2
// arranges them, Karras et al. 2020). Differentiable in the image and the weights.

#include <vector>

#include "engine/tensor.h"

namespace ito::nn {

/// One axis of a separable filter. Only the ratios of the taps count; no taps: a box of `factor`.
struct FirFilter {
  std::vector<double> taps = {1, 3, 3, 1};
  Index factor = 2;  ///< of the resampling
  double gain = 1;   ///< multiplies the result
};

/// [N, H, W, C] -> [N, H f, W f, C]: zeros in between, then the filter, with f^2 gain as its sum.
Tensor fir_upsample(const Tensor& x, const FirFilter& filter);

/// [N, H, W, C] -> [N, H/f, W/f, C] (rounded down): the filter, then every f-th pixel.
Tensor fir_downsample(const Tensor& x, const FirFilter& filter);

/// Upsampling and a square convolution w [K, K, C, O] in one: zeros in between, w, then the filter
/// at the high resolution -> [N, H f, W f, O]. But at the border it is the convolution of
/// fir_upsample(x) by w.
Tensor fir_upsample_conv(const Tensor& x, const Tensor& w, const FirFilter& filter);

/// The filter, then the square convolution w [K, K, C, O] with stride f -> [N, H/f, W/f, O].
Tensor fir_conv_downsample(const Tensor& x, const Tensor& w, const FirFilter& filter);

}  // namespace ito::nn
