#include "nn/layers/conv2d.h"

namespace ito::nn {

Conv2d::Conv2d(Index in, Index out, const Options& options) : geometry_(options.geometry) {
  const Index k = options.kernel;
  add_parameter(
      "weight", weight_, {k, k, in, out},
      {Init::Kind::uniform_variance_scaling, options.init_scale, in * k * k, out * k * k});
  add_parameter("bias", bias_, {out}, {});
}

Tensor Conv2d::forward(const Tensor& x) const { return conv2d(x, weight_, geometry_) + bias_; }

}  // namespace ito::nn
