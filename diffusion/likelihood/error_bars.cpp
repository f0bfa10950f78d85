#include "diffusion/likelihood/error_bars.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace ito {

namespace {

/// Means of groups of `size` neighbours, and the mean of their sample variances (0 for one).
struct Groups {
  std::vector<double> means;
  double variance = 0;
};

Groups groups_of(const std::vector<double>& values, Index size) {
  Groups groups;
  const auto n = static_cast<std::size_t>(size);
  for (std::size_t i = 0; i < values.size(); i += n) {
    double mean = 0, squares = 0;
    for (std::size_t j = i; j < i + n; ++j) mean += values[j] / static_cast<double>(n);
    for (std::size_t j = i; j < i + n; ++j) squares += (values[j] - mean) * (values[j] - mean);
    groups.means.push_back(mean);
    if (n > 1) groups.variance += squares / static_cast<double>(n - 1);
  }
  groups.variance /= static_cast<double>(groups.means.size());
  return groups;
}

double deviation(double variance) { return std::sqrt(std::max(variance, 0.0)); }

}  // namespace

ErrorBars error_bars(const std::vector<double>& values, Index images, Index draws, Index probes) {
  if (images < 1 || draws < 1 || probes < 1 ||
      static_cast<Index>(values.size()) != images * draws * probes)
    fail("error_bars", "expected values [", images, ", ", draws, ", ", probes, "], got ",
         values.size());
  const Groups by_draw = groups_of(values, probes);
  const Groups by_image = groups_of(by_draw.means, draws);
  const Groups all = groups_of(by_image.means, images);
  const auto N = static_cast<double>(images), M = static_cast<double>(draws),
             K = static_cast<double>(probes);
  // Variances of the mean: what varies within an image, and within a draw, is part of what is
  // above.
  const double total = all.variance / N, within_image = by_image.variance / (N * M),
               within_draw = by_draw.variance / (N * M * K);
  const double random = images > 1 ? total : draws > 1 ? within_image : within_draw;
  ErrorBars bars{
      .total = deviation(random), .data = {}, .dequantization = {}, .probe = {}, .solver = {}};
  if (probes > 1) bars.probe = deviation(within_draw);
  if (draws > 1) {
    bars.dequantization = deviation(within_image - within_draw);
    if (images > 1) bars.data = deviation(total - within_image);
  }
  return bars;
}

}  // namespace ito
