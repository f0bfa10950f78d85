#pragma once
// How close images are to the truth.

#include "engine/tensor.h"

namespace ito {

/// Peak signal-to-noise ratio of each image, -10 log10 of its mean squared error, averaged over the
/// images, in dB: x and truth [N, ...], of which x is clipped to [0, 1] and truth lies in it. An
/// image without any error counts as 100 dB.
double mean_psnr(const Tensor& x, const Tensor& truth);

}  // namespace ito
