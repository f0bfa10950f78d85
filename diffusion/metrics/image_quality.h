#pragma once
// How close images are to the truth.

#include "engine/tensor.h"

namespace ito {

/// Peak signal-to-noise ratio of each image, -10 log10 of its mean squared error, averaged over the
/// images, in dB: x and truth [N, ...], of which x is clipped to [0, 1] and truth lies in it. An
/// image without any error counts as 100 dB.
double mean_psnr(const Tensor& x, const Tensor& truth);

/// Side of the windows of mean_ssim.
constexpr Index ssim_window = 7;

/// Structural similarity (Wang et al. 2004, eq. 13), averaged over all windows of 7 x 7 pixels that
/// lie in the image, over channels and images: x and truth [N, H, W, C], clipped as above, H and W
/// at least 7. Windows have equal weights and variances are those of a sample (divided by 48), with
/// the constants 0.01^2 and 0.03^2. 1 for equal images.
double mean_ssim(const Tensor& x, const Tensor& truth);

}  // namespace ito
