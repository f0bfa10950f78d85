#pragma once
// How far each image of a set is from its nearest image in a reference set.

#include <vector>

#include "engine/tensor.h"

namespace ito {

/// An image of the reference set by its row, and how far it is.
struct Neighbour {
  Index row;
  double distance;
};

/// For each of images [n, ...] its `count` nearest of reference [m, ...], nearest first (all of
/// them where there are fewer; of equals the first), with the distances of nearest_distances.
std::vector<std::vector<Neighbour>> nearest_neighbours(const Tensor& images,
                                                       const Tensor& reference, Index count);

/// For each of images [n, ...] the Euclidean distance |x - r| = sqrt(sum over all pixels and
/// channels of (x - r)^2) to the nearest r of reference [m, ...], in the unit of the elements as
/// they are given: for images in [0, 1], black and white images [H, W, C] are sqrt(H W C) apart.
/// Exhaustive, in double. Throws when the shapes of the items differ, a set is empty or a value is
/// not finite.
std::vector<double> nearest_distances(const Tensor& images, const Tensor& reference);

/// The mean of nearest_distances. Beside the same number of real images that are not in the
/// reference, a lower one tells of memorised images and a higher one of noise.
double mean_nearest_distance(const Tensor& images, const Tensor& reference);

}  // namespace ito
