// Dropout, whose mask is a function of the random stream's address.

#include "engine/autograd.h"
#include "engine/ops.h"
#include "kernels/kernels.h"

namespace ito {

Tensor dropout(const Tensor& x, double p, const RandomStream& stream) {
  if (!(p >= 0 && p < 1)) fail("dropout", "expected a probability in [0, 1), got ", p);
  if (p == 0) return x;
  const Tensor u = random_uniform(x.shape(), stream, x.device());
  Tensor dropped(x.shape(), x.device());
  kernels::unary(x.device(), kernels::Unary::less, u.data(), dropped.mutable_data(), x.elements(),
                 static_cast<Real>(p), Real(0));
  return x * affine(dropped, -1 / (1 - p), 1 / (1 - p));
}

}  // namespace ito
