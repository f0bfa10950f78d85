#include "diffusion/metrics/nearest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

namespace ito {
namespace {

Shape item_shape(const Tensor& images) {
  Shape item = images.shape();
  if (!item.empty()) item.erase(item.begin());
  return item;
}

void check(const Tensor& images, const Tensor& reference) {
  if (images.rank() < 1 || images.elements() == 0 || item_shape(images) != item_shape(reference)) {
    fail("nearest_distances", "expected two sets of images of one shape, got ", images.shape(),
         " and reference ", reference.shape());
  }
  if (reference.elements() == 0) fail("nearest_distances", "the reference set is empty");
}

std::vector<Real> finite_values(const Tensor& images) {
  std::vector<Real> values = images.to_host();
  for (const Real value : values) {
    if (!std::isfinite(value)) fail("nearest_distances", "an image holds ", value);
  }
  return values;
}

/// |a - b|^2, or some number from `limit` upwards when it is no smaller than that.
double squared_distance(std::span<const Real> a, std::span<const Real> b, double limit) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size() && squares < limit; ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    squares += difference * difference;
  }
  return squares;
}

}  // namespace

namespace {

/// The `count` nearest to x of the images in r, with squared distances.
std::vector<Neighbour> neighbours_of(std::span<const Real> x, std::span<const Real> r,
                                     std::size_t count) {
  std::vector<Neighbour> nearest;  // ascending
  for (Index row = 0; !r.empty(); r = r.subspan(x.size()), ++row) {
    const bool full = nearest.size() == count;
    const double limit = full ? nearest.back().distance : std::numeric_limits<double>::infinity();
    const double squares = squared_distance(x, r.first(x.size()), limit);
    if (!(squares < limit)) continue;
    if (full) nearest.pop_back();
    const auto farther = std::ranges::upper_bound(nearest, squares, {}, &Neighbour::distance);
    nearest.insert(farther, {row, squares});
  }
  return nearest;
}

}  // namespace

std::vector<std::vector<Neighbour>> nearest_neighbours(const Tensor& images,
                                                       const Tensor& reference, Index count) {
  check(images, reference);
  if (count < 1) fail("nearest_neighbours", "expected a count of at least 1, got ", count);
  const std::vector<Real> x = finite_values(images), r = finite_values(reference);
  const auto item = static_cast<std::size_t>(item_shape(images).elements());
  std::vector<std::vector<Neighbour>> all;
  for (std::span<const Real> rest = x; !rest.empty(); rest = rest.subspan(item)) {
    all.push_back(neighbours_of(rest.first(item), r, static_cast<std::size_t>(count)));
    for (Neighbour& neighbour : all.back()) neighbour.distance = std::sqrt(neighbour.distance);
  }
  return all;
}

std::vector<double> nearest_distances(const Tensor& images, const Tensor& reference) {
  std::vector<double> distances;
  for (const auto& neighbours : nearest_neighbours(images, reference, 1))
    distances.push_back(neighbours.at(0).distance);
  return distances;
}

double mean_nearest_distance(const Tensor& images, const Tensor& reference) {
  const std::vector<double> distances = nearest_distances(images, reference);
  return std::accumulate(distances.begin(), distances.end(), 0.0) /
         static_cast<double>(distances.size());
}

}  // namespace ito
