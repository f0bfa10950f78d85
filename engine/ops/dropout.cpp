// Dropout, whose mask is a function of the random stream's address: it is never stored. The
// gradient reads it off the result, which what follows keeps anyway.

#include "engine/autograd.h"
#include "engine/ops.h"
#include "kernels/kernels.h"

namespace ito {

namespace {

/// The gradient g of the result y: linear in g, constant in y but for its jumps.
Tensor dropout_grad(const Tensor& y, const Tensor& g, double p) {
  Tensor dx(y.shape(), y.device());
  kernels::dropout_grad(y.device(), p, y.data(), g.data(), dx.mutable_data(), y.elements());
  const Vjp vjp = [y, p](const Backward& v) {
    return std::vector<Tensor>{dropout_grad(y, v.g, p)};
  };
  return record("dropout_grad", dx, {g}, vjp, keep_shapes);
}

}  // namespace

Tensor dropout(const Tensor& x, double p, const RandomStream& stream) {
  if (!(p >= 0 && p < 1)) fail("dropout", "expected a probability in [0, 1), got ", p);
  if (p == 0) return x;
  if (x.rank() < 1) fail("dropout", "expected [N, ...], got a scalar");
  const Index N = x.size(0);
  Tensor y(x.shape(), x.device());
  kernels::dropout(x.device(), stream.key(), stream.first_image, N, N > 0 ? x.elements() / N : 0, p,
                   x.data(), y.mutable_data());
  const Vjp vjp = [p](const Backward& v) {
    return std::vector<Tensor>{dropout_grad(v.y.detach(), v.g, p)};
  };
  return record("dropout", y, {x}, vjp, keep_output);
}

}  // namespace ito
