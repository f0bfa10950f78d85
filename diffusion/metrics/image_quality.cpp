#include "diffusion/metrics/image_quality.h"

#include <algorithm>
#include <cmath>

namespace ito {

double mean_psnr(const Tensor& x, const Tensor& truth) {
  if (x.shape() != truth.shape() || x.elements() == 0)
    fail("psnr", "expected images like the true ones ", truth.shape(), ", got ", x.shape());
  const std::vector<Real> a = x.to_host(), b = truth.to_host();
  const auto N = static_cast<std::size_t>(x.size(0)), D = a.size() / N;
  double total = 0;
  for (std::size_t n = 0; n < N; ++n) {
    double squares = 0;
    for (std::size_t i = n * D; i < (n + 1) * D; ++i)
      squares +=
          std::pow(std::clamp(static_cast<double>(a[i]), 0.0, 1.0) - static_cast<double>(b[i]), 2);
    total +=
        squares > 0 ? std::min(-10 * std::log10(squares / static_cast<double>(D)), 100.0) : 100;
  }
  return total / static_cast<double>(N);
}

}  // namespace ito
