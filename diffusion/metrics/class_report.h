#pragma once
// What can be said in numbers about generated images where a classifier can be asked, each number
// beside the same one for real images.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "diffusion/data/image_set.h"
#include "diffusion/metrics/recogniser.h"

namespace ito {

/// All numbers are of images in [0, 1]. Generated values are clamped to it, but not rounded to the
/// levels that real images have, so what noise is left in them counts.
struct ClassReport {
  Index generated = 0;  ///< how many were given
  Index compared = 0;   ///< how many of them, and of the held-out images, the distances are of
  Index held_out = 0;
  Index training = 0;

  /// Frechet distance, in the classifier's features, to the first `compared` held-out images: of as
  /// many generated ones, and of as many training images (mean of `draws` draws).
  double frechet_generated = 0, frechet_real = 0;
  /// Mean Euclidean distance, over all pixels in [0, 1], to the nearest training image: of all
  /// generated, and of the held-out images compared.
  double nearest_generated = 0, nearest_real = 0;
  /// Share whose largest class probability is above 0.9: of all generated, and of all held-out.
  double classified_confidently = 0, classified_confidently_real = 0;
  /// How many are classified as each class: of all generated, and of all held-out.
  std::vector<Index> classes_generated, classes_real;

  /// Of images that were drawn as a class: the share recognised as that, and how many of each class
  /// were drawn and recognised. Beside them the share of held-out images recognised as their label.
  /// Not measured (-1) where the generated have no class, or the real no label.
  double recognised = -1, recognised_real = -1;
  std::vector<Index> drawn_as, recognised_as;

  static constexpr int draws = 20;
  static constexpr double confident = 0.9;
};

/// Measures generated [n, H, W, C], in the unit of `data` as Range::unit, against the two parts of
/// `data`, seen by the recogniser. The training images of frechet_real are drawn without
/// replacement from permutations seeded with `seed` (of the first draws * compared images, where
/// there are more). `classes` are those that the generated were drawn as, one each, or none. Throws
/// when the shape is another, when a value is not a number, for fewer than 2 generated or held-out
/// images, for fewer training images than are compared, and for classes that the recogniser does
/// not know.
ClassReport report_classes(const Tensor& generated, const Dataset& data,
                           const Recogniser& recogniser, std::uint64_t seed = 0,
                           const std::vector<Index>& classes = {});

/// The fields by name.
nlohmann::json to_json(const ClassReport& report);

/// A table for people, of lines of at most 80 characters: one number a line, generated and real.
std::string table(const ClassReport& report);

}  // namespace ito
