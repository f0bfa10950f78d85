#pragma once
// Operators that act on rows and columns alike and alone: down-sampling and Gaussian blur of images
// [H, W, C].

#include "diffusion/control/operator.h"

namespace ito {

/// y = R x L^T for each channel: R [H', H] on the rows, L [W', W] on the columns.
class SeparableOperator : public Operator {
 public:
  SeparableOperator(const Shape& item, Tensor rows, Tensor columns);

  Tensor apply(const Tensor& x) const override;
  void move(Device device) override { rows_ = rows_.to(device), columns_ = columns_.to(device); }

 private:
  Tensor rows_, columns_;
};

/// Means of factor x factor blocks. Throws unless `factor` (at least 2) divides H and W.
std::unique_ptr<Operator> box_downsampling(const Shape& item, Index factor);
/// Keys' cubic kernel with a = -1/2 (Keys 1981), widened by `factor` against aliasing; weights
/// outside the image are dropped and the others normalised. Throws as box_downsampling.
std::unique_ptr<Operator> bicubic_downsampling(const Shape& item, Index factor);
/// Convolution with a Gaussian of `sigma` > 0 pixels, its weights at the border normalised.
std::unique_ptr<Operator> gaussian_blur(const Shape& item, double sigma);

}  // namespace ito
