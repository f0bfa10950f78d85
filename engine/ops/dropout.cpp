// Dropout, whose mask is a function of the random stream's address: it is never stored.

#include "engine/autograd.h"
#include "engine/ops.h"
#include "kernels/kernels.h"

namespace ito {

Tensor dropout(const Tensor& x, double p, const RandomStream& stream) {
  if (!(p >= 0 && p < 1)) fail("dropout", "expected a probability in [0, 1), got ", p);
  if (p == 0) return x;
  if (x.rank() < 1) fail("dropout", "expected [N, ...], got a scalar");
  const Index N = x.size(0);
  Tensor y(x.shape(), x.device());
  kernels::dropout(x.device(), stream.key(), stream.first_image, N, N > 0 ? x.elements() / N : 0, p,
                   x.data(), y.mutable_data());
  const Vjp vjp = [p, stream](const Backward& v) {
    return std::vector<Tensor>{dropout(v.g, p, stream)};
  };
  return record("dropout", y, {x}, vjp, keep_shapes);
}

}  // namespace ito
