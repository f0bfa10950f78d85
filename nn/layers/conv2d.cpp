#include "nn/layers/conv2d.h"

namespace ito::nn {

Conv2d::Conv2d(Index in, Index out, const Options& options) : geometry_(options.geometry) {
  const Index k = options.kernel, fan_in = in * k * k;
  const Init scaled = {Init::Kind::uniform_variance_scaling, options.init_scale, fan_in,
                       out * k * k};
  const Init by_fan_in = uniform_fan_in(fan_in);
  add_parameter("weight", weight_, {k, k, in, out}, options.start_by_fan_in ? by_fan_in : scaled);
  if (!options.bias) return;
  add_parameter("bias", bias_, {out}, options.start_by_fan_in ? by_fan_in : Init());
}

Tensor Conv2d::forward(const Tensor& x) const {
  if (!bias_.defined()) return conv2d(x, weight_, geometry_);
  return conv2d_add(x, weight_, bias_, {}, geometry_);
}

Tensor Conv2d::forward_joined(const Tensor& x, const Tensor& residual, double scale) const {
  return conv2d_add(x, weight_, bias_, residual, geometry_, scale);
}

Tensor Conv2d::forward_shifted(const Tensor& x, const Tensor& shift) const {
  return conv2d_add(x, weight_, shift + bias_, {}, geometry_);
}

}  // namespace ito::nn
