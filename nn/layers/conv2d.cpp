#include "nn/layers/conv2d.h"

namespace ito::nn {

Conv2d::Conv2d(Index in, Index out, const Options& options) : geometry_(options.geometry) {
  const Index k = options.kernel;
  add_parameter(
      "weight", weight_, {k, k, in, out},
      {Init::Kind::uniform_variance_scaling, options.init_scale, in * k * k, out * k * k});
  add_parameter("bias", bias_, {out}, {});
}

Tensor Conv2d::forward(const Tensor& x) const {
  return conv2d_add(x, weight_, bias_, {}, geometry_);
}

Tensor Conv2d::forward(const Tensor& x, const Tensor& residual) const {
  return conv2d_add(x, weight_, bias_, residual, geometry_);
}

Tensor Conv2d::forward_shifted(const Tensor& x, const Tensor& shift) const {
  return conv2d_add(x, weight_, shift + bias_, {}, geometry_);
}

}  // namespace ito::nn
