#pragma once
// One corruption after another.

#include "diffusion/soft/corruption.h"

namespace ito {

/// C(u) = B(b) A(a), u from 0 to 1: a and b go in proportion from the clean to the strongest
/// parameter of each.
class Composition : public Corruption {
 public:
  /// Throws unless both are for items of one shape.
  Composition(std::unique_ptr<Corruption> first, std::unique_ptr<Corruption> second);

  std::string name() const override { return first_->name() + "+" + second_->name(); }
  double clean() const override { return 0; }
  double strongest() const override { return 1; }

 protected:
  Tensor corrupt(const Tensor& x, const std::vector<double>& u) const override;
  Tensor corrupt_transposed(const Tensor& y, const std::vector<double>& u) const override;

 private:
  std::unique_ptr<Corruption> first_, second_;
};

}  // namespace ito
