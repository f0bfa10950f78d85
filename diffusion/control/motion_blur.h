#pragma once
// Blur by a straight motion of the camera during the exposure.

#include "diffusion/control/operator.h"

namespace ito {

class MotionBlur : public Operator {
 public:
  /// Images [H, W, C] are smeared over `length` > 0 pixels at `degrees` from the horizontal,
  /// counter-clockwise; what is outside the image is 0.
  MotionBlur(const Shape& item, double length, double degrees);

  Tensor apply(const Tensor& x) const override;
  void move(Device device) override { kernel_ = kernel_.to(device); }

 private:
  Tensor kernel_;  ///< [K, K], K odd, sum 1
};

}  // namespace ito
