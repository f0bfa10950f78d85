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

namespace {

/// Sums over one window of one channel.
struct Window {
  double a = 0, b = 0, aa = 0, bb = 0, ab = 0;

  void add(double u, double v) {
    a += u;
    b += v;
    aa += u * u;
    bb += v * v;
    ab += u * v;
  }

  double ssim() const {
    constexpr double n = ssim_window * ssim_window, c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
    const double m = a / n, k = b / n;
    const double var_a = (aa - n * m * m) / (n - 1), var_b = (bb - n * k * k) / (n - 1);
    const double cov = (ab - n * m * k) / (n - 1);
    return (2 * m * k + c1) * (2 * cov + c2) / ((m * m + k * k + c1) * (var_a + var_b + c2));
  }
};

double clipped(Real value) { return std::clamp(static_cast<double>(value), 0.0, 1.0); }

}  // namespace

double mean_ssim(const Tensor& x, const Tensor& truth) {
  if (x.shape() != truth.shape() || x.rank() != 4 || x.elements() == 0 ||
      std::min(x.size(1), x.size(2)) < ssim_window)
    fail("ssim", "expected images of at least 7 x 7 pixels like the true ones ", truth.shape(),
         ", got ", x.shape());
  const std::vector<Real> a = x.to_host(), b = truth.to_host();
  const Index N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  const auto window = [&](Index n, Index top, Index left, Index c) {
    Window sums;
    for (Index i = 0; i < ssim_window * ssim_window; ++i) {
      const Index row = top + i / ssim_window, column = left + i % ssim_window;
      const auto at = static_cast<std::size_t>(((n * H + row) * W + column) * C + c);
      sums.add(clipped(a[at]), clipped(b[at]));
    }
    return sums.ssim();
  };
  double total = 0;
  Index windows = 0;
  for (Index n = 0; n < N; ++n)
    for (Index top = 0; top + ssim_window <= H; ++top)
      for (Index left = 0; left + ssim_window <= W; ++left)
        for (Index c = 0; c < C; ++c, ++windows) total += window(n, top, left, c);
  return total / static_cast<double>(windows);
}

}  // namespace ito
