#pragma once
// Corruptions that are multiples of the identity: the diffusions of Song et al. 2021 as special
// cases of soft diffusion.

#include "diffusion/soft/corruption.h"

namespace ito {

/// C = I whatever the parameter, which is 0: all corruption is noise, as in the VE diffusion.
class IdentityCorruption : public Corruption {
 public:
  using Corruption::Corruption;
  std::string name() const override { return "identity"; }
  double clean() const override { return 0; }
  double strongest() const override { return 0; }

 protected:
  Tensor corrupt(const Tensor& x, const std::vector<double>&) const override { return x; }
};

/// C(alpha) = alpha I, alpha from 1 to 0: with sigma^2 = 1 - alpha^2 the VP diffusion, with
/// sigma = 1 - alpha^2 sub-VP.
class ScaledIdentity : public Corruption {
 public:
  using Corruption::Corruption;
  std::string name() const override { return "scale"; }
  double clean() const override { return 1; }
  double strongest() const override { return 0; }

 protected:
  Tensor corrupt(const Tensor& x, const std::vector<double>& alpha) const override;
};

}  // namespace ito
