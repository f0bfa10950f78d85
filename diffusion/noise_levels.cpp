#include "diffusion/noise_levels.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/autograd.h"
#include "engine/ops.h"

namespace ito {

namespace {

constexpr Index block_rows = 512;

/// Rows first, ... of the set as [n, D].
Tensor block_of(const ImageSet& images, Index first) {
  const Index n = std::min(block_rows, images.count - first);
  return reshape(batch(images, first, n, Range::unit), {n, -1});
}

/// The most distant of the pairs of rows of two blocks, by |a|^2 + |b|^2 - 2 a b.
FarPair farthest(const Tensor& a, const Tensor& b) {
  const std::vector<Real> squares_a = sum(square(a), {1}).to_host();
  const std::vector<Real> squares_b = sum(square(b), {1}).to_host();
  const Tensor products = matmul(a, b, false, true);
  const Real* product = products.data();
  FarPair best = {-1, 0, 0};
  for (std::size_t i = 0; i < squares_a.size(); ++i)
    for (std::size_t j = 0; j < squares_b.size(); ++j, ++product) {
      const double squared = static_cast<double>(squares_a[i]) + static_cast<double>(squares_b[j]) -
                             2 * static_cast<double>(*product);
      if (squared > best.distance) best = {squared, static_cast<Index>(i), static_cast<Index>(j)};
    }
  return best;
}

double exact_distance(const ImageSet& images, Index i, Index j) {
  return std::sqrt(
      sum_squares(batch(images, i, 1, Range::unit) - batch(images, j, 1, Range::unit)));
}

/// Phi(b) - Phi(a) for a <= b, without cancellation on the right.
double normal_probability(double a, double b) {
  return 0.5 * (std::erfc(a / std::numbers::sqrt2) - std::erfc(b / std::numbers::sqrt2));
}

void check_sigmas(double sigma_1, double sigma_L) {
  if (!(sigma_L > 0 && sigma_L <= sigma_1 && std::isfinite(sigma_1)))
    fail("noise_levels", "expected 0 < sigma_L <= sigma_1, got ", sigma_L, " and ", sigma_1);
}

}  // namespace

FarPair largest_distance(const ImageSet& images) {
  if (images.count < 2)
    fail("noise_levels", "expected at least 2 images, got ", images.count, " of ", images.source);
  const NoGrad no_grad;
  FarPair best = {-1, 0, 0};
  for (Index i = 0; i < images.count; i += block_rows) {
    const Tensor a = block_of(images, i);
    for (Index j = i; j < images.count; j += block_rows) {
      const FarPair pair = farthest(a, j == i ? a : block_of(images, j));
      if (pair.distance > best.distance) best = {pair.distance, i + pair.first, j + pair.second};
    }
  }
  best = {0, std::min(best.first, best.second), std::max(best.first, best.second)};
  best.distance = exact_distance(images, best.first, best.second);
  return best;
}

double level_overlap(Index D, double gamma) {
  const double shift = std::sqrt(2 * static_cast<double>(D)) * (gamma - 1);
  return normal_probability(shift - 3 * gamma, shift + 3 * gamma);
}

double level_ratio(Index D, double overlap) {
  if (D < 5) fail("noise_levels", "expected at least 5 dimensions, got ", D);
  if (!(overlap > 0 && overlap < 0.99))
    fail("noise_levels", "expected an overlap between 0 and 0.99, got ", overlap);
  double low = 1, high = 2;
  while (level_overlap(D, high) > overlap) high *= 2;
  for (int i = 0; i < 100; ++i) {  // bisection: the overlap falls with the ratio
    const double middle = (low + high) / 2;
    (level_overlap(D, middle) > overlap ? low : high) = middle;
  }
  return high;
}

Index level_count(double sigma_1, double sigma_L, double gamma) {
  check_sigmas(sigma_1, sigma_L);
  if (!(gamma > 1)) fail("noise_levels", "expected a ratio above 1, got ", gamma);
  return 1 + static_cast<Index>(std::ceil(std::log(sigma_1 / sigma_L) / std::log(gamma)));
}

double ratio_of_levels(double sigma_1, double sigma_L, Index L) {
  check_sigmas(sigma_1, sigma_L);
  if (L < 1) fail("noise_levels", "expected at least 1 level, got ", L);
  return L == 1 ? 1 : std::pow(sigma_1 / sigma_L, 1 / static_cast<double>(L - 1));
}

double langevin_variance(double r, double gamma, Index T) {
  const double stationary = 2 / (2 - r), kept = std::pow(1 - r, 2 * static_cast<double>(T));
  return kept * (gamma * gamma - stationary) + stationary;
}

LangevinStep best_langevin_step(double sigma_L, double gamma, Index T) {
  if (T < 1) fail("noise_levels", "expected at least 1 step a level, got ", T);
  // It falls from gamma^2 at r = 0 and rises to 2 at r = 1, with one minimum: golden sections.
  const double golden = std::numbers::phi - 1;
  double low = 0, high = 1;
  for (int i = 0; i < 80; ++i) {
    const double a = high - golden * (high - low), b = low + golden * (high - low);
    if (langevin_variance(a, gamma, T) < langevin_variance(b, gamma, T))
      high = b;
    else
      low = a;
  }
  const double r = (low + high) / 2;
  return {r * sigma_L * sigma_L, langevin_variance(r, gamma, T)};
}

}  // namespace ito
