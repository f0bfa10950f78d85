#pragma once
// Operators and masks by their names, for programs.

#include <string>

#include "diffusion/control/operator.h"

namespace ito {

/// Which pixels are known, [H, W, C] of 1 and 0, from `name`:
///   half:upper, half:lower, half:left, half:right   that half is missing
///   box:SIZE                                        a square of SIZE pixels in the middle is
///   missing box:TOP,LEFT,HEIGHT,WIDTH                       this rectangle is missing random:SHARE
///   so many of the pixels are missing, by `seed` a picture file white is known, black is missing
/// Throws for another name, an item that is no image, a rectangle that leaves it, a picture of
/// another size or with other values.
Tensor mask_named(const std::string& name, const Shape& item, std::uint64_t seed);

/// "mask:MASK" (see above), "grey", "box:FACTOR", "bicubic:FACTOR", "gaussian:SIGMA",
/// "motion:LENGTH,DEGREES", "radon:ANGLES" or "random:NUMBER" for items of this shape. Throws for
/// another name and what the operator itself throws.
std::unique_ptr<Operator> operator_named(const std::string& name, const Shape& item,
                                         std::uint64_t seed);

}  // namespace ito
