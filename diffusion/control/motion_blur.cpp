#include "diffusion/control/motion_blur.h"

#include <cmath>
#include <numbers>

namespace ito {

namespace {

/// A line of `length` through the middle of [K, K], laid down as many points that share their
/// weight with the four pixels around them.
Tensor line_kernel(double length, double degrees) {
  const auto radius = static_cast<Index>(std::ceil(length / 2));
  const Index K = 2 * radius + 1;
  const double angle = degrees * std::numbers::pi / 180;
  const int points = 16 * static_cast<int>(K);
  std::vector<double> weights(static_cast<std::size_t>(K * K), 0);
  for (int i = 0; i < points; ++i) {
    const double along = ((i + 0.5) / points - 0.5) * (length - 1);
    const double row = static_cast<double>(radius) - along * std::sin(angle),
                 column = static_cast<double>(radius) + along * std::cos(angle);
    const double top = std::floor(row), left = std::floor(column);
    for (int corner = 0; corner < 4; ++corner) {
      const double r = top + corner / 2, c = left + corner % 2;
      const double share = (1 - std::abs(row - r)) * (1 - std::abs(column - c)) / points;
      if (share > 0) weights[static_cast<std::size_t>(r * static_cast<double>(K) + c)] += share;
    }
  }
  return Tensor({K, K}, std::vector<Real>(weights.begin(), weights.end()));
}

}  // namespace

MotionBlur::MotionBlur(const Shape& item, double length, double degrees) : Operator(item, item) {
  if (item.rank() != 3) fail("motion", "expected images [H, W, C], the model's are ", item);
  const double longest = static_cast<double>(std::max(item[0], item[1]));
  if (!(length >= 1 && length <= longest) || !std::isfinite(degrees))
    fail("motion", "expected a length of 1 to ", longest, " pixels and an angle, got ", length,
         " and ", degrees);
  kernel_ = line_kernel(length, degrees);
}

Tensor MotionBlur::apply(const Tensor& x) const {
  const Index border = kernel_.size(0) / 2;
  return upfirdn2d(x, kernel_, {.pad_before = border, .pad_after = border});
}

}  // namespace ito
