#include "diffusion/soft/corruption_distances.h"

#include <algorithm>
#include <cmath>

#include "diffusion/sde/geometric_sigma.h"
#include "diffusion/soft/schedule.h"
#include "engine/autograd.h"
#include "engine/random.h"

namespace ito {

namespace {

constexpr Index default_slice = 512;

/// As a schedule they must be one.
void check_levels(const Corruption& C, const std::vector<CorruptionLevel>& levels) {
  schedule_along(C, levels, 0, levels.empty() ? 1 : levels.front().sigma);
}

Index slice_size(const ImageSet& images, Index asked) {
  const Index most = images.count / 10;
  if (most < 2)
    fail("schedule", "expected at least 20 images, as a slice is a tenth of them at most; ",
         images.source, " has ", images.count);
  if (asked == 0) return std::min(default_slice, most);
  if (asked < 2 || asked > most)
    fail("schedule", "expected a slice of 2 to ", most, " images, a tenth of the ", images.count,
         " of ", images.source, ", got ", asked);
  return asked;
}

/// f(0), ..., f(1) at even arguments.
template <class F>
std::vector<CorruptionLevel> even_levels(Index count, const F& f) {
  if (count < 2) fail("schedule", "expected at least 2 candidate levels, got ", count);
  std::vector<CorruptionLevel> levels;
  for (Index k = 0; k < count; ++k)
    levels.push_back(f(static_cast<double>(k) / static_cast<double>(count - 1)));
  return levels;
}

}  // namespace

CorruptionDistances::CorruptionDistances(const ImageSet& images, const Corruption& C,
                                         std::vector<CorruptionLevel> levels,
                                         const DistanceOptions& options)
    : C_(C), levels_(std::move(levels)), options_(options) {
  check_levels(C, levels_);
  const Index n = slice_size(images, options.slice);
  const std::vector<Index> order =
      permutation(images.count, {.seed = options.seed, .purpose = Purpose::order});
  const auto slice = [&](Index number) {
    const std::vector<Index> rows(order.begin() + number * n, order.begin() + (number + 1) * n);
    const Tensor x = batch(images, rows, Range::unit);
    return Slice{
        x,
        random_normal(x.shape(),
                      {.seed = options.seed, .purpose = Purpose::noise, .first_image = number * n}),
        {}};
  };
  first_ = slice(0);
  if (options.slices == Slices::independent) second_ = slice(1);
}

const Tensor& CorruptionDistances::points(Slice& slice, Index level) {
  Tensor& kept = slice.points[level];
  if (!kept.defined()) {
    const auto& [parameter, sigma] = levels_[static_cast<std::size_t>(level)];
    const Tensor x = C_.apply(slice.images, parameter) + slice.noise * sigma;
    kept = reshape(x, {x.size(0), -1});
  }
  return kept;
}

double CorruptionDistances::operator()(Index i, Index j) {
  const NoGrad no_grad;
  Slice& other = options_.slices == Slices::same ? first_ : second_;
  for (Slice* slice : {&first_, &second_})
    std::erase_if(slice->points, [i](const auto& kept) { return kept.first < i; });
  const double squared =
      sinkhorn_divergence(points(first_, i), points(other, j), options_.sinkhorn);
  return std::sqrt(std::max(squared, 0.0));
}

std::vector<CorruptionLevel> corruption_levels(const Corruption& C, double sigma, Index count) {
  return even_levels(count, [&](double u) {
    return CorruptionLevel{std::lerp(C.clean(), C.strongest(), u), sigma};
  });
}

std::vector<CorruptionLevel> noise_only_levels(const Corruption& C, double sigma_min,
                                               double sigma_max, Index count) {
  return even_levels(count, [&](double u) {
    return CorruptionLevel{C.clean(), std::lerp(sigma_min, sigma_max, u)};
  });
}

std::vector<CorruptionLevel> joint_levels(const Corruption& C, double sigma_min, double sigma_max,
                                          Index count) {
  const GeometricSigma sigma = {sigma_min, sigma_max};
  return even_levels(count, [&](double u) {
    return CorruptionLevel{std::lerp(C.clean(), C.strongest(), u), sigma(u)};
  });
}

}  // namespace ito
