#include "diffusion/control/pixel_operators.h"

#include "diffusion/control/imputation.h"

namespace ito {

MaskOperator::MaskOperator(Tensor mask)
    : Operator(mask.shape(), mask.shape()), mask_(std::move(mask)) {
  Index known = 0;
  for (const Real value : mask_.to_host()) {
    if (value != 0 && value != 1)
      fail("mask", "expected 1 (known) and 0 (missing) only, got ", value);
    known += value != 0 ? 1 : 0;
  }
  if (known == 0) fail("mask", "nothing is known: draw samples instead (ito sample)");
  if (known == mask_.elements()) fail("mask", "everything is known: nothing is left to draw");
}

std::unique_ptr<Constraint> MaskOperator::constraint(const Sde& sde,
                                                     const Measurement& measured) const {
  if (measured.noise_std > 0) return Operator::constraint(sde, measured);
  check(measured);
  return std::make_unique<Imputation>(sde, measured.y, mask_);
}

namespace {

Shape grey_range(const Shape& item) {
  if (item.rank() != 3 || item[2] != 3)
    fail("grey", "expected colour images [H, W, 3], the model's are ", item);
  return {item[0], item[1], 1};
}

}  // namespace

GreyOperator::GreyOperator(const Shape& item) : Operator(item, grey_range(item)) {}

std::unique_ptr<Constraint> GreyOperator::constraint(const Sde& sde,
                                                     const Measurement& measured) const {
  if (measured.noise_std > 0) return Operator::constraint(sde, measured);
  check(measured);
  const Decoupling decoupling;
  return std::make_unique<Imputation>(sde, decoupling.luminance(measured.y),
                                      luminance_mask(measured.y.device()), KnownPart::marginal,
                                      decoupling);
}

}  // namespace ito
