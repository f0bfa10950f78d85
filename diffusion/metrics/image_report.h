#pragma once
// What can be said in numbers about generated images of any kind, each number beside the same one
// for real images. There is no classifier here: features are what the eye sees from afar.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "diffusion/data/image_set.h"

namespace ito {

/// All numbers are of images in [0, 1]; generated values are clamped to it.
struct ImageReport {
  Index generated = 0;  ///< how many were given
  Index compared = 0;   ///< how many of them, and of the held-out images, are compared
  Index training = 0;
  /// Frechet distance of the generated images, and of as many training images (mean of `draws`
  /// draws), to the held-out ones, in block means: at most 8 x 8 of them.
  double frechet_generated = 0, frechet_real = 0;
  /// Mean Euclidean distance over all pixels to the nearest training image: of the generated and of
  /// the held-out images.
  double nearest_generated = 0, nearest_real = 0;

  static constexpr int draws = 20;
};

/// Means of square blocks of images [n, H, W, C]: the smallest that divide H and W and leave at
/// most 8 of them in each direction -> [n, D].
Tensor block_means(const Tensor& images);

/// Measures generated [n, H, W, C], in the unit of Range::unit, against the two parts of `data`.
/// The training images of frechet_real come from permutations seeded with `seed`. Throws for images
/// of another shape, and for fewer than 2 generated or held-out images.
ImageReport report_images(const Tensor& generated, const Dataset& data, std::uint64_t seed = 0);

/// The fields by name.
nlohmann::json to_json(const ImageReport& report);

/// A table for people: one number a line, generated and real.
std::string table(const ImageReport& report);

}  // namespace ito
