#pragma once
// Measurements of single pixels: some of them, or their luminance.

#include "diffusion/control/operator.h"

namespace ito {

/// Some pixels: y = mask x, zero where nothing is measured.
class MaskOperator : public Operator {
 public:
  /// `mask` [item...]: 1 known, 0 missing. Throws for other values, and for a mask under which
  /// everything or nothing is known.
  explicit MaskOperator(Tensor mask);

  Tensor apply(const Tensor& x) const override { return x * mask_; }
  void move(Device device) override { mask_ = mask_.to(device); }
  /// Without noise: Imputation, after which known pixels have the bits of the measurement.
  std::unique_ptr<Constraint> constraint(const Sde& sde,
                                         const Measurement& measured) const override;
  const Tensor& mask() const { return mask_; }

 private:
  Tensor mask_;
};

/// The luminance (R + G + B) / 3 of images [H, W, 3]: [H, W, 1].
class GreyOperator : public Operator {
 public:
  /// Throws for an item that is not [H, W, 3].
  explicit GreyOperator(const Shape& item);

  Tensor apply(const Tensor& x) const override { return mean(x, {3}, true); }
  /// Without noise: Imputation of the luminance (colorization).
  std::unique_ptr<Constraint> constraint(const Sde& sde,
                                         const Measurement& measured) const override;
};

}  // namespace ito
