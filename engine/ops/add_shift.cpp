#include "engine/ops/add_shift.h"

#include "engine/ops.h"
#include "kernels/kernels.h"

namespace ito {

kernels::Addend addend(const char* where, const Tensor& y, const Tensor& shift,
                       const Tensor& residual, double scale) {
  const Index N = y.rank() > 1 ? y.size(0) : 1, C = y.size(-1);
  const bool per_image = shift.rank() == 2;
  if (!shift.defined() || shift.shape() != (per_image ? Shape{N, C} : Shape{C})) {
    fail(where, "expected a shift [", C, "] or [", N, ", ", C, "], got ", shift.shape());
  }
  if (residual.defined() && residual.shape() != y.shape()) {
    fail(where, "expected a residual ", y.shape(), ", got ", residual.shape());
  }
  return {shift.data(), residual.data(), per_image, static_cast<Real>(scale)};
}

Tensor shift_grad(const Tensor& g, const Shape& shape) {
  if (shape.rank() == 1) return sum_to(g, shape);
  return sum(reshape(g, {shape(0), -1, shape(1)}), {1});
}

}  // namespace ito
