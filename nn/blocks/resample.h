#pragma once
// Halving and doubling of images between the levels of a U-Net.

#include <memory>
#include <vector>

#include "nn/layers/conv2d.h"

namespace ito::nn {

/// Without convolution, [N, H, W, C] -> [N, H/2, W/2, C] and [N, 2H, 2W, C]. With the taps of a
/// FIR filter (nn/layers/fir.h), or without any: means of 2x2 blocks, nearest neighbours.
Tensor halved(const Tensor& x, const std::vector<double>& fir);
Tensor doubled(const Tensor& x, const std::vector<double>& fir);

struct ResampleOptions {
  bool with_conv = true;
  std::vector<double> fir = {};  ///< taps; none: no filter
};

/// [N, H, W, in] -> [N, H/2, W/2, out]: a 3x3 convolution of stride 2, behind a FIR filter or with
/// a row and a column of zeros at the end; without convolution `halved`.
class Downsample : public Module {
 public:
  /// Throws unless in = out without convolution.
  Downsample(Index in, Index out, const ResampleOptions& options);

  Tensor forward(const Tensor& x) const;

 private:
  std::vector<double> fir_;
  std::unique_ptr<Conv2d> conv_;
};

/// [N, H, W, in] -> [N, 2H, 2W, out]: nearest neighbours then a 3x3 convolution, or both and a FIR
/// filter in one; without convolution `doubled`.
class Upsample : public Module {
 public:
  /// Throws unless in = out without convolution.
  Upsample(Index in, Index out, const ResampleOptions& options);

  Tensor forward(const Tensor& x) const;

 private:
  std::vector<double> fir_;
  std::unique_ptr<Conv2d> conv_;
};

}  // namespace ito::nn
