#pragma once
// Down-sampling: means over blocks of pixels, drawn at the image's own size.

#include "diffusion/soft/corruption.h"

namespace ito {

/// D_k replaces each block of 2^k x 2^k pixels by its mean. The parameter is k, from 0 (the
/// identity); between whole numbers the two nearest are mixed in proportion.
class Downsampling : public Corruption {
 public:
  /// Images [H, W, C]; k goes up to the largest for which 2^k divides H and W. Throws if that is 0.
  explicit Downsampling(const Shape& item);

  std::string name() const override { return "down"; }
  double clean() const override { return 0; }
  double strongest() const override { return static_cast<double>(levels_); }

 protected:
  Tensor corrupt(const Tensor& x, const std::vector<double>& k) const override;

 private:
  Index levels_ = 0;
};

}  // namespace ito
