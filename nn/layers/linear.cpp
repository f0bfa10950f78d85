#include "nn/layers/linear.h"

#include "engine/ops.h"

namespace ito::nn {

Linear::Linear(Index in, Index out, double init_scale) {
  const Init scaled = {Init::Kind::uniform_variance_scaling, init_scale, in, out};
  add_parameter("weight", weight_, {in, out}, scaled);
  add_parameter("bias", bias_, {out}, {});
}

Tensor Linear::forward(const Tensor& x) const { return matmul_add(x, weight_, bias_); }

Tensor Linear::forward_joined(const Tensor& x, const Tensor& residual, double scale) const {
  return matmul_add(x, weight_, bias_, residual, scale);
}

}  // namespace ito::nn
