#pragma once
// Gaussian blur (Daras et al. 2022, section 4): a normalised Gaussian kernel, cut off at a
// half-size, over an image that is zero outside. As that is separable, each sample is
// G x G^T with a Toeplitz matrix G of the image's size for the rows and one for the columns: the
// cost does not grow with the kernel.

#include "diffusion/soft/corruption.h"

namespace ito {

class GaussianBlur : public Corruption {
 public:
  /// Images [H, W, C]. The kernel has taps -half_size..half_size, which sum to 1; the parameter is
  /// its standard deviation in pixels, from 0 (the identity) to `largest_std`. Published: half-size
  /// 32 and up to 18 for 32 x 32, 80 and up to 23 for 64 x 64. Taps that reach further than the
  /// image meet zeros only, yet they have their share of the sum: the image loses it.
  GaussianBlur(const Shape& item, Index half_size, double largest_std);
  /// Half-size and largest std in the proportion published for 32 x 32: the image's longer side,
  /// and 18/32 of it.
  explicit GaussianBlur(const Shape& item);

  std::string name() const override;
  double clean() const override { return 0; }
  double strongest() const override { return largest_std_; }
  /// Of a kernel more than twice as wide as the published ones are for their images: what is used.
  std::string remark() const override;
  Index half_size() const { return half_size_; }

 protected:
  Tensor corrupt(const Tensor& x, const std::vector<double>& std) const override;

 private:
  Index half_size_;
  double largest_std_;
};

/// The taps 0..half_size of the kernel [-half_size, half_size] with this standard deviation,
/// normalised to sum 1 over all of them.
std::vector<double> gaussian_taps(Index half_size, double std);

}  // namespace ito
